import { readFile } from "node:fs/promises";
import path from "node:path";
import { format } from "oxfmt";
import { expect, test } from "vitest";
import { withTables } from "../../deploy/operations-guide.ts";
import { root } from "../../deploy/local-stack.ts";
import { alarmRules } from "../../infra/alarm-rules.ts";
import {
  eventOutcomes,
  type Outcome,
  platformOutcomes,
  receiverLines,
  webhookOutcomes,
  workerLines,
} from "@pulumi-line-bot/kit/outcomes";

const guide = path.join(root, "docs/operations.md");
const outcomes: [string, Outcome][] = [
  webhookOutcomes,
  receiverLines,
  eventOutcomes,
  workerLines,
  platformOutcomes,
].flatMap((table) => Object.entries<Outcome>(table));

test("docs/operations.md has every alarm and every outcome (-u writes them)", async () => {
  const { code, errors } = await format("operations.md", withTables(await readFile(guide, "utf8")), {
    printWidth: 120,
  });

  expect(errors).toEqual([]);
  expect(code.match(/^\| `bot-/gm)).toHaveLength(Object.keys(alarmRules).length);
  await expect(code).toMatchFileSnapshot(guide);
});

test("every alarm has an outcome that raises it", () => {
  const raised = new Set(outcomes.flatMap(([, outcome]) => ("alarm" in outcome ? [outcome.alarm] : [])));

  expect([...raised].sort()).toEqual(Object.keys(alarmRules).sort());
});

test("what raises an alarm is no mere information", () => {
  expect(outcomes.filter(([, outcome]) => "alarm" in outcome && outcome.level === "info")).toEqual([]);
});
