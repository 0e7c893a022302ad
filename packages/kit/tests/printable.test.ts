import { expect, test } from "vitest";
import { printable, printableColours, printableJson, printableLines } from "@pulumi-line-bot/kit/printable";

const codes = [
  ...Array.from({ length: 0x20 }, (_, code) => code),
  ...Array.from({ length: 0x21 }, (_, code) => 0x7f + code),
  ...[0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069].concat(
    0x61c,
    0x200e,
    0x200f,
  ),
];
const all = codes.map((code) => String.fromCharCode(code)).join("x");

/** Whether it holds a control, a separator of lines, or what turns the direction of writing. */
const isRaw = (text: string) => codes.some((code) => text.includes(String.fromCharCode(code)));

test("nothing that a terminal obeys is left of a text, and the text can still be read", () => {
  expect(isRaw(printable(all))).toBe(false);
  expect(printable("a\u001b]0;title\u0007b\r\nc\td\u009b31m\u202ee")).toBe(
    String.raw`a\u001b]0;title\u0007b\r\nc\td\u009b31m\u202ee`,
  );
  expect(printable("你說：👩‍👩‍👧‍👧 naïve العربية")).toBe("你說：👩‍👩‍👧‍👧 naïve العربية");
});

test("lines of ours stay lines", () => {
  expect(printableLines("one\ntwo\u001b[2J\r\nthree")).toBe("one\ntwo\\u001b[2J\\r\nthree");
});

test("a program's own colours stay, and nothing else that begins like them", () => {
  expect(printableColours("\u001b[1;31mred\u001b[0m\n\tmore")).toBe("\u001b[1;31mred\u001b[0m\n\tmore");
  expect(printableColours("\u001b[2J\u001b]8;;https://evil.example\u0007\u009b31m")).toBe(
    String.raw`\u001b[2J\u001b]8;;https://evil.example\u0007\u009b31m`,
  );
});

test("JSON stays JSON of the same value", () => {
  const text = printableJson({ [all]: [all] }, 2);

  expect(isRaw(text.replaceAll("\n", ""))).toBe(false);
  expect(JSON.parse(text)).toEqual({ [all]: [all] });
});
