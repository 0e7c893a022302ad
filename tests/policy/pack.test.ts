import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { controls, type StackResources } from "@pulumi-line-bot/policy/controls";
import type { AnyResource } from "@pulumi-line-bot/policy/resources";
import { UNKNOWN } from "@pulumi-line-bot/pulumi-engine/values/properties";
import { toMutable, toProtected } from "./mutable-stack.ts";
import { packDir, type PolicyPack, startPack } from "./pack-process.ts";
import { deployLocalStack } from "./stacks.ts";

let pack: PolicyPack;
let local: StackResources;

beforeAll(async () => {
  pack = await startPack();
  local = await deployLocalStack();
}, 300_000);
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
  expect(await analyzeAll(local)).toEqual([]);
  expect(await pack.analyzeStack(local.outputs)).toEqual([]);
});

test("stops a resource before it is made", async () => {
  const stack = toMutable(local);
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
  const stack = toMutable(local);
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
  const inputs = local.inputs.map(toProtected);
  const outputs = local.outputs.map(toProtected);

  const found = [...(await analyzeAll({ inputs, outputs })), ...(await pack.analyzeStack(outputs))];

  expect(new Set(found.map(({ policy }) => policy))).toEqual(
    new Set(["secret-recovery-window", "dynamodb-deletion-protection", "cloudwatch-retention-of-a-year"]),
  );
});

/** What only AWS can say: an ARN, a URL, and whatever holds one. */
const asInFirstPreview = (resource: AnyResource): AnyResource => ({
  ...resource,
  props: Object.fromEntries(
    Object.entries(resource.props).map(([key, value]) => [
      key,
      /arn:aws|https:/.test(JSON.stringify(value)) ? UNKNOWN : value,
    ]),
  ),
});

test("stops no first preview for what that cannot know, and says that it was not checked", async () => {
  const { inputs, outputs } = local;

  const found = [
    ...(await analyzeAll({ inputs: inputs.map(asInFirstPreview), outputs: [] })),
    ...(await pack.analyzeStack(outputs.map(asInFirstPreview))),
  ];

  expect(new Set(found.map(({ level }) => level))).toEqual(new Set(["ADVISORY"]));
  expect(found.filter(({ message }) => !message.includes("can't be known during preview"))).toEqual([]);
  expect(found.map(({ policy }) => policy)).toEqual(expect.arrayContaining(["iam-no-wildcards", "sqs-tls-only"]));
});

test("leaves a control to a stack that turns it off by name", async () => {
  const stack = toMutable(local);
  stack.set("lambda/function:Function", "bot", { runtime: "nodejs26.x" });

  await pack.disable("lambda-runtime");

  expect(await analyzeAll(stack.resources)).toEqual([]);
});
