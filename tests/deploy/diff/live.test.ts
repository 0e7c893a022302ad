/** What Pulumi prints of a preview and of a state, in one model with what this project evaluates itself. */
import { describe, expect, it } from "vitest";
import { buildReport } from "@pulumi-line-bot/infra-diff/build-report";
import { type Exported, toLiveResult } from "../../../deploy/diff/live.ts";
import { renderMarkdown } from "@pulumi-line-bot/infra-diff/markdown/report";
import type { Report } from "@pulumi-line-bot/infra-diff/model";

type Digest = Parameters<typeof toLiveResult>[1];

const urnOf = (type: string, name: string): string => `urn:pulumi:prod::bot::${type}::${name}`;
const state = (type: string, name: string, more: Partial<Exported>): Exported => ({
  urn: urnOf(type, name),
  type,
  custom: true,
  id: name,
  parent: "",
  protect: false,
  inputs: {},
  outputs: {},
  dependencies: [],
  propertyDependencies: {},
  ...more,
});

const queue = "aws:sqs/queue:Queue";
const version = "aws:secretsmanager/secretVersion:SecretVersion";
const lambda = "aws:lambda/function:Function";
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const old = state(queue, "events", {
  inputs: { name: "events", delaySeconds: 0 },
  outputs: { visibilityTimeoutSeconds: 30 },
});
const digest: Digest = {
  steps: [
    {
      op: "create-replacement",
      urn: old.urn,
      oldState: old,
      newState: { ...old, id: unknown, inputs: { name: "incoming" } },
      replaceReasons: ["name"],
    },
    { op: "replace", urn: old.urn, oldState: old, newState: { ...old, id: unknown, inputs: { name: "incoming" } } },
    { op: "delete-replaced", urn: old.urn, oldState: old },
    {
      op: "update",
      urn: urnOf(version, "bot"),
      oldState: state(version, "bot", { inputs: { secretString: "[secret]" } }),
      newState: state(version, "bot", { inputs: { secretString: "[secret]" } }),
      detailedDiff: { secretString: { kind: "update", inputDiff: true } },
    },
    {
      op: "update",
      urn: urnOf(lambda, "bot"),
      oldState: state(lambda, "bot", { inputs: { memorySize: 512 }, outputs: { memorySize: 1024, timeout: 3 } }),
      newState: state(lambda, "bot", { inputs: { memorySize: 512, timeout: unknown } }),
      detailedDiff: { memorySize: { kind: "update", inputDiff: false } },
    },
  ],
  diagnostics: [{ severity: "warning", message: "something" }],
};

const reportOf = (printed: Digest, exported: Exported[]): Report =>
  buildReport({
    mode: "live",
    base: { name: "what is deployed" },
    head: { name: "the working tree" },
    stacks: [toLiveResult("prod", printed, exported, [])],
    code: undefined,
    notes: [],
    secrets: [],
  });

describe("a preview against what is deployed", () => {
  const kept = state("aws:sns/topic:Topic", "alarms", {});
  const report = reportOf(digest, [old, kept, state("pulumi:providers:aws", "default", {})]);
  const [stack] = report.stacks;
  const changeOf = (name: string) => stack?.changes.find((change) => change.name === name);

  it("takes the parts of a replacement for one, with its reason", () => {
    expect(changeOf("events")).toMatchObject({ kind: "replace", reasons: [{ path: "name" }] });
    expect(report.labels).toEqual(["replace", "update", "data-loss"]);
  });

  it("tells a secret that changes from one that does not, though both are printed alike", () => {
    expect(stack?.changes.find(({ type }) => type === version)?.properties).toEqual([
      { path: "secretString", kind: "change", secret: true, replaces: false },
    ]);
  });

  it("shows what was changed by hand as it is, and as it will be again", () => {
    const update = stack?.changes.find(({ type }) => type === lambda);
    expect(update?.properties).toEqual([
      { path: "timeout", kind: "add", now: "[known after the deployment]", secret: false, replaces: false },
      { path: "memorySize", kind: "change", former: 1024, now: 512, secret: false, replaces: false },
    ]);
  });

  it("counts what the preview leaves out as unchanged", () => {
    expect(stack?.unchanged).toBe(1);
    expect(renderMarkdown(report)).toContain("`the working tree` against what is deployed.");
  });

  it("that fails is a stack that cannot be deployed", () => {
    const failed = reportOf({ steps: [], diagnostics: [{ severity: "error", message: "error: no region\n" }] }, [old]);
    expect(failed.labels).toEqual(["broken"]);
    expect(failed.stacks[0]).toMatchObject({ status: "broken", problems: ["error: no region"], changes: [] });
  });

  it("of a stack without a state is a new one", () => {
    expect(reportOf({ steps: [], diagnostics: [] }, []).stacks[0]?.status).toBe("new");
  });
});
