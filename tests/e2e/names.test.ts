import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EngineEvent } from "@pulumi-line-bot/pulumi-engine/engine";
import { makeInstalledClone } from "../support/clone.ts";
import { deploy, resourceCount } from "./deployed.ts";

/** What the program said of names before they carried the stack. */
const former: [file: string, now: RegExp, before: string][] = [
  ["Pulumi.yaml", /\nconfig:\n.*$/s, "\n"],
  ["infra/webhook-api.ts", /\bnamePrefix: `[^`]*`, /, ""],
];

let clone: Awaited<ReturnType<typeof makeInstalledClone>>;
let bot: Awaited<ReturnType<typeof deploy>>;
const restored: [file: string, text: string][] = [];

beforeAll(async () => {
  clone = await makeInstalledClone();
  for (const [name, now, before] of former) {
    const file = path.join(clone.path, name);
    const text = await readFile(file, "utf8");
    const changed = text.replace(now, before);
    if (changed === text) throw new Error(`${file} does not say what this test takes back`);
    restored.push([file, text]);
    await writeFile(file, changed);
  }
  bot = await deploy({ projectDir: clone.path });
}, 300_000);
afterAll(async () => {
  await bot[Symbol.asyncDispose]();
  await clone[Symbol.asyncDispose]();
});

/** Operates, and gives what is done with each resource by its type and name. */
async function operate(kind: "up" | "destroy") {
  const steps = new Map<string, string>();
  const onEvent = ({ resourcePreEvent, resOutputsEvent }: EngineEvent) => {
    for (const { metadata } of [resourcePreEvent, resOutputsEvent].filter((event) => event !== undefined)) {
      if (metadata.op !== "same") steps.set(`${metadata.urn.split("$").at(-1) ?? ""} ${metadata.op}`, metadata.op);
    }
  };
  const done = await bot.operate(kind, { onEvent });
  return { ...done, steps: [...steps.keys()] };
}

test(
  "a stack that was made before names carried the stack keeps all but its access log",
  { timeout: 300_000 },
  async () => {
    const { outputs } = bot;
    expect(outputs).toMatchObject({ functionName: expect.stringMatching(/^bot-[0-9a-f]{7}$/) });
    for (const [file, text] of restored) await writeFile(file, text);

    const up = await operate("up");

    expect(up.result).toBe("succeeded");
    const replaced = up.steps.filter((step) =>
      / (replace|create-replacement|delete-replaced|create|delete)$/.test(step),
    );
    expect([...new Set(replaced.map((step) => step.split(" ")[0] ?? ""))].sort()).toEqual([
      "aws:cloudwatch/logGroup:LogGroup::bot-access",
      "aws:cloudwatch/logMetricFilter:LogMetricFilter::bot-throttled-requests",
    ]);
    expect(up.outputs).toEqual(outputs);
  },
);

test("a new stack's names say which project and stack they are of", { timeout: 300_000 }, async () => {
  expect((await operate("destroy")).result).toBe("succeeded");

  const { outputs, changes } = await operate("up");

  expect(changes).toEqual({ create: resourceCount });
  const named = /line-bot-local-bot(-[a-z-]+)?-[0-9a-f]{7}(\.fifo)?$/;
  const { functionName, workerName, logGroup, workerLogGroup, queueUrl, deadLetterQueueUrl, eventsTable, alarmTopic } =
    outputs;
  for (const name of [
    functionName,
    workerName,
    logGroup,
    workerLogGroup,
    queueUrl,
    deadLetterQueueUrl,
    eventsTable,
    alarmTopic,
  ])
    expect(name).toMatch(named);
  expect(outputs["alarmNames"]).toEqual(
    expect.arrayContaining([expect.stringMatching(/^line-bot-local-bot-late-events-/)]),
  );
  expect(outputs["credentialsSecret"]).toMatch(/:secret:line-bot-local-bot-[0-9a-f]{7}-\w{6}$/);
});
