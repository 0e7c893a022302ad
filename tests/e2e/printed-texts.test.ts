/** What a user writes, and a bot logs or throws, is text in a terminal and nothing that the terminal obeys. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import * as v from "valibot";
import { devChannel } from "@pulumi-line-bot/line-simulator/seed";
import { makeInstalledClone } from "../support/clone.ts";
import { findFreePort, run } from "../support/processes.ts";

const bot = `
import { defineBot } from "./bot-interface.ts";

export default defineBot({
  message: {
    async text({ event, push }) {
      const { text } = event.message;
      console.log(text);
      process.stdout.write(text + "\\n");
      await push(text);
      if (text.includes("throw")) throw new Error(text);
    },
  },
});
`;

const forged = "2026-01-01T00:00:00.000Z worker   INFO  event outcome=handled";
const hostile = `throw \u001b]0;title\u0007 \u001b[2J \u009b31m \u007f \u202e \r${forged}\n${forged}\u2028${forged} end`;
/** All that is spelled out, but ends of lines. */
const raw = /[\p{Cc}\p{Zl}\p{Zp}\u202e]/u;

const overview = v.object({
  channels: v.array(v.object({ id: v.string(), people: v.array(v.object({ userId: v.string() })) })),
});

test("npm start and npm run logs print no control of a text", { timeout: 300_000 }, async () => {
  await using clone = await makeInstalledClone();
  const cwd = clone.path;
  await writeFile(path.join(cwd, "functions", "bot.ts"), bot);
  const port = await findFreePort();
  const npm = (...args: string[]) => run("npm", args, { cwd, env: { PWD: cwd } });
  const tell = async (action: string, input: object): Promise<unknown> => {
    const headers = { "content-type": "application/json" };
    const url = `http://localhost:${port}/console/${action}`;
    return (await fetch(url, { method: "POST", headers, body: JSON.stringify(input) })).json();
  };
  const running = npm("start", "--", "--port", String(port));
  onTestFinished(() => running.kill());
  await running.prints("Ctrl+C stops");

  const { channels } = v.parse(overview, await tell("overview", {}));
  const userId = channels.find(({ id }) => id === devChannel.channelId)?.people[0]?.userId;
  await tell("sendText", { channelId: devChannel.channelId, userId, text: hostile });
  await running.prints(/outcome=failed.*end/);
  const [logs, json] = ["", "--json"].map((flag) => npm("run", "logs", "--", "local", ...(flag ? [flag] : [])));
  await Promise.all([logs?.ended, json?.ended]);

  for (const output of [running.output(), logs?.output() ?? "", json?.output() ?? ""]) {
    const lines = output.split("\n");
    expect(lines.filter((line) => raw.test(line))).toEqual([]);
    expect(lines.filter((line) => line.startsWith(forged))).toEqual([]);
    expect(output).toMatch(/throw \\u001b\]0;title\\u0007 \\u001b\[2J \\u009b31m \\u007f \\u202e/);
  }
  expect(logs?.output()).toMatch(/worker +INFO +throw .* end requestId=/);
  expect(logs?.output()).toMatch(/worker +\| throw .* end$/m);
  expect(logs?.output()).toMatch(/worker +ERROR event .*outcome=failed .*reason=throw .* end/);
});
