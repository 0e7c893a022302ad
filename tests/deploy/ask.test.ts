import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { openAsker } from "../../deploy/credentials/ask.ts";
import { askCredentials } from "../../deploy/credentials/read.ts";

/** A person who types each line when the question before it is shown. */
function openTerminal(...lines: string[]) {
  const [input, output, copy] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const left = [...lines];
  output.pipe(copy);
  output.on("data", (chunk: Buffer) => {
    if (!stripVTControlCharacters(chunk.toString()).endsWith(": ")) return;
    const next = left.shift();
    if (next === undefined) input.end();
    else input.write(`${next}\r`);
  });
  return { asker: openAsker(input, output), shown: () => (output.end(), text(copy)) };
}

const secret = "5e1f0d9c8b7a6958473625140f1e2d3c";

test("what is typed is taken without white space around it, and a secret is not shown", async () => {
  const { asker, shown } = openTerminal(" 2000000001", `${secret} `, "a-token");

  const answers = await askCredentials(asker, () => {});
  asker.close();

  expect(answers).toEqual({ channelId: "2000000001", channelSecret: secret, channelAccessToken: "a-token" });
  const output = await shown();
  expect(output).toContain("2000000001");
  expect(output).not.toContain(secret.slice(0, 3));
  expect(output).not.toContain("a-token");
});

test("no token is the usual answer", async () => {
  const { asker } = openTerminal("2000000001", secret, "");

  expect(await askCredentials(asker, () => {})).toEqual({ channelId: "2000000001", channelSecret: secret });
  asker.close();
});

test("an answer that cannot be right is asked for again, and not repeated", async () => {
  const { asker } = openTerminal("@devbot", "2000000001", "two words", "", secret, "");
  const told: string[] = [];

  const answers = await askCredentials(asker, (message) => told.push(message));
  asker.close();

  expect(answers.channelSecret).toBe(secret);
  expect(told.map((message) => message.split(".")[0])).toEqual([
    "That is not made of digits",
    "That is empty or has white space in it",
    "That is empty or has white space in it",
  ]);
  expect(told.join()).not.toContain("two words");
});

test("the end of the input stops, and says so", async () => {
  const { asker } = openTerminal("2000000001");

  await expect(askCredentials(asker, () => {})).rejects.toThrow("Stopped. Nothing was written.");
});
