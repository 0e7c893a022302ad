import { afterEach, describe, expect, test, vi } from "vitest";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { parseCommandLine, runCommand } from "../../deploy/command-line.ts";

const command = {
  usage: "npm run up -- <stack> [--expect <fingerprint>]",
  options: { expect: { type: "string" }, "dry-run": { type: "boolean" } },
  words: 1,
} as const;

const hostile = "\u001b]0;title\u0007\r\u009b\u202e";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test.each([
  ["a mistake", new UserError(`No channel ${hostile}`)],
  ["a fault", new Error(`No channel ${hostile}`, { cause: new Error(hostile) })],
])("%s that quotes others is reported without what a terminal obeys", async (_what, error) => {
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
  const { exitCode } = process;

  await runCommand(() => Promise.reject(error));

  process.exitCode = exitCode;
  const [[text] = []] = printed.mock.calls;
  expect(text).toContain(String.raw`No channel \u001b]0;title\u0007\r\u009b\u202e`);
  expect(String(text).replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202e]/u);
});

describe("a command line", () => {
  test("gives words and options", () => {
    const { positionals, values } = parseCommandLine(command, ["prod", "--expect", "f00"]);

    expect(positionals).toEqual(["prod"]);
    expect(values.expect).toBe("f00");
  });

  test.each([
    ["a value that npm left behind when it swallowed the option", ["prod", "x"], /"x".*`--`: npm run up -- <stack>/],
    ["no stack", [], /A word is missing: npm run up -- <stack>/],
    ["an unknown option", ["prod", "--expct", "x"], /--expct.*Usage: npm run up -- <stack>/],
    ["an option without its value", ["prod", "--expect"], /--expect.*Usage/],
  ])("refuses %s", (_what, args, message) => {
    expect(() => parseCommandLine(command, args)).toThrow(message);
  });

  test("refuses when npm kept an option for itself without leaving anything behind", () => {
    vi.stubEnv("npm_config_dry_run", "true");

    expect(() => parseCommandLine(command, ["prod"])).toThrow("npm kept --dry-run for itself. Options come after `--`");
  });
});
