import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { controls, type StackResources } from "../../../deploy/policy/controls.ts";
import { UNKNOWN } from "../../../local/engine/core/properties.ts";
import { toMutable } from "./mutable-stack.ts";
import { packDir, type PolicyPack, startPack } from "./pack-process.ts";
import { deployStacks } from "./stacks.ts";

let pack: PolicyPack;
let prod: StackResources;

beforeAll(async () => {
  [pack, { prod }] = await Promise.all([startPack(), deployStacks("prod")]);
}, 60_000);
afterAll(() => pack?.[Symbol.asyncDispose]());

const analyzeAll = async (resources: StackResources) =>
  (await Promise.all(resources.inputs.map((resource) => pack.analyze(resource)))).flat();

test("names every control, each of which stops a deployment", async () => {
  const { name, policiesList } = await pack.info();

  expect(name).toBe("line-bot");
  expect(policiesList.map((policy) => policy.name)).toEqual(controls.map(({ id }) => id));
  expect(new Set(policiesList.map(({ enforcementlevel }) => enforcementlevel))).toEqual(new Set([1]));
});

test("is one that the Pulumi CLI can load", async () => {
  const project = parse(await readFile(path.join(packDir, "PulumiPolicy.yaml"), "utf8")) as object;

  expect(project).toEqual({ description: expect.any(String), runtime: "nodejs" });
});

test("lets the program's own stack pass", async () => {
  expect(await analyzeAll(prod)).toEqual([]);
  expect(await pack.analyzeStack(prod.outputs)).toEqual([]);
});

test("stops a resource before it is made", async () => {
  const stack = toMutable(prod);
  stack.set("lambda/function:Function", "bot", { runtime: "nodejs22.x" });

  expect(await analyzeAll(stack.resources)).toEqual([
    {
      policy: "lambda-runtime",
      level: "MANDATORY",
      message: expect.stringContaining("set `runtime` to nodejs24.x"),
      urn: expect.stringMatching(/^$|Function::bot$/),
    },
  ]);
});

test("stops a stack that is whole, and names the resource", async () => {
  const stack = toMutable(prod);
  stack.remove("sqs/queuePolicy:QueuePolicy", "bot-events");

  expect(await pack.analyzeStack(stack.resources.outputs)).toEqual([
    {
      policy: "sqs-tls-only",
      level: "MANDATORY",
      message: expect.stringContaining("bot-events: add a QueuePolicy"),
      urn: expect.stringMatching(/Queue::bot-events$/),
    },
  ]);
});

test("knows a protected stack, and so asks more of it", async () => {
  const stack = toMutable(prod);
  stack.set("secretsmanager/secret:Secret", "bot", { recoveryWindowInDays: 7 });
  stack.set("dynamodb/table:Table", "bot-events", { deletionProtectionEnabled: false });

  const found = [...(await analyzeAll(stack.resources)), ...(await pack.analyzeStack(stack.resources.outputs))];

  expect(found.map(({ policy }) => policy)).toEqual(["secret-recovery-window", "dynamodb-deletion-protection"]);
});

test("says of what a preview cannot know that it could not be checked, and stops nothing", async () => {
  const stack = toMutable(prod);
  stack.set("iam/rolePolicy:RolePolicy", "bot", { policy: UNKNOWN });

  const found = await analyzeAll(stack.resources);

  expect(found).toEqual([
    expect.objectContaining({
      policy: "iam-no-wildcards",
      level: "ADVISORY",
      message: expect.stringContaining("can't be known during preview"),
    }),
  ]);
});
