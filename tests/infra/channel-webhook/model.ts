/**
 * Random lives of one or two stacks on one channel: deployments, refreshes, destroys, console edits, reissued secrets,
 * crashes and faults of LINE, beside a model that says what each comes to.
 */
import { expect } from "vitest";
import { createRandom, type Random } from "../../../packages/pulumi-engine/tests/core/random.ts";
import { channelId, type Platform } from "./platform.ts";
import type { Stack } from "./stack.ts";

export interface Life {
  platform: Platform;
  createStack(name: string): Promise<Stack>;
  /** Whether the stacks' waits go by the platform's clock, and an operation takes no time. */
  isInProcess: boolean;
  /** How many steps, at least and at most. */
  length: readonly [number, number];
}

/** @throws what did not agree, with the seed that brings it back and the steps so far. */
export async function live(life: Life, seed: number): Promise<void> {
  const steps: string[] = [];
  await walk(life, createRandom(seed), steps).catch((error: unknown) => {
    throw new Error(`SEED=${seed}: ${steps.join(" → ")}\n${String(error)}`, { cause: error });
  });
}

/** What one stack wants, and what it would remember. */
interface StackModel {
  stack: Stack;
  name: string;
  /** `undefined` if it has no resource. */
  known: Known | undefined;
  version: number;
}

interface Known {
  registered: string;
  /** What it set before. */
  own: string[];
  seen: string;
  former: string | undefined;
  active: boolean;
}

interface Model {
  platform: Platform;
  isInProcess: boolean;
  /** The channel's URL, as a path. */
  live: string | undefined;
  /** "Use webhook". */
  active: boolean;
  stacks: StackModel[];
  /** Whether the secret that the stacks read is the channel's present one. */
  isValid: boolean;
  /** What each path answers, where it is not 200: a list as `BotEndpoint.answer` takes it. */
  broken: Map<string, "always" | "after one">;
}

async function walk(life: Life, random: Random, steps: string[]): Promise<void> {
  const { platform, isInProcess } = life;
  await platform.reset();
  const stacks: StackModel[] = [];
  for (const name of random.pick(isInProcess ? [["a"], ["a", "b"]] : [["a"], ["a"], ["a"], ["a", "b"]])) {
    stacks.push({ stack: await life.createStack(name), name, known: undefined, version: 1 });
  }
  const model: Model = {
    platform,
    isInProcess,
    live: undefined,
    active: true,
    stacks,
    isValid: true,
    broken: new Map(),
  };
  const [shortest, longest] = life.length;
  const weighted = actions.flatMap(([weight, ...action]) => Array.from({ length: weight }, () => action));
  for (let left = shortest + random.int(longest - shortest + 1); left > 0; left -= 1) {
    const one = random.pick(model.stacks);
    // An engine takes a second for each operation: none for what is not there yet.
    const [name, act] = isInProcess || steps.length > 0 ? random.pick(weighted) : (["up", up] as const);
    steps.push(`${name} ${one.name}`);
    await act(model, one, random, (detail) => steps.push(`(${detail})`));
    await agree(model);
    // A quarter of LINE's tests of an hour, so that a long life is not refused for its length.
    platform.clock.advance(15 * 60_000);
  }
  if (!isInProcess) return;
  steps.push("recovery");
  await recover(model, random);
}

type Action = (model: Model, one: StackModel, random: Random, tell: (detail: string) => void) => Promise<void>;

const actions: [weight: number, name: string, act: Action][] = [
  [8, "up", up],
  [3, "refresh", refresh],
  [2, "destroy", destroy],
  [2, "crash", crash],
  [2, "console edit", editInConsole],
  [1, "secret reissued", reissue],
  [1, "token revoked", revoke],
  [2, "credentials put right", putRight],
  [1, "use webhook switched", switchUse],
  [2, "endpoint breaks", breakEndpoint],
  [1, "endpoint fixes", fix],
];

const pathOf = (one: StackModel) => `${one.name}${one.version}`;
const at = ({ platform }: Model, path: string | undefined): string | undefined =>
  path === undefined ? undefined : platform.bot.url(path);
const isAnswering = (model: Model, path: string) => model.broken.get(path) !== "always";

async function agree(model: Model): Promise<void> {
  const { platform } = model;
  expect(await platform.webhook(), "the channel").toEqual({ endpoint: at(model, model.live), active: model.active });
  for (const { stack, known, name } of model.stacks) {
    const outputs = stack.resource?.outputs;
    const state = outputs && {
      registered: outputs["registeredEndpoint"],
      seen: outputs["endpoint"] === "" ? undefined : outputs["endpoint"],
      own: outputs["ownEndpoints"] ?? [],
      former: outputs["formerEndpoint"],
      active: outputs["active"],
    };
    const expected = known && {
      registered: at(model, known.registered),
      seen: known.seen === "" ? undefined : at(model, known.seen),
      own: known.own.map((path) => at(model, path)),
      former: at(model, known.former),
      active: known.active,
    };
    expect(state, `the state of ${name}`).toEqual(expected);
  }
}

/** What is somebody else's on the channel: neither what is wanted nor what the stack itself set. */
function foreignOf({ live: before }: Model, one: StackModel): string | undefined {
  const own = one.known === undefined ? [] : [one.known.registered, ...one.known.own];
  return before === undefined || before === pathOf(one) || own.includes(before) ? undefined : before;
}

/** What an `up` comes to, as the model has it. */
function predict(model: Model, one: StackModel, takeOver: string | undefined) {
  const path = pathOf(one);
  const { live: before, isValid } = model;
  const foreign = foreignOf(model, one);
  if (!isValid) return "refused";
  if (foreign !== undefined && takeOver !== foreign && isAnswering(model, foreign)) return "refused";
  if (model.broken.get(path) === "always") return "refused";
  if (before !== path && model.broken.get(path) === "after one") return before === undefined ? "left" : "put back";
  return "set";
}

function remember(model: Model, one: StackModel, takeOver: string | undefined): void {
  const path = pathOf(one);
  const { known } = one;
  const foreign = foreignOf(model, one);
  const former = foreign !== undefined && foreign === takeOver ? foreign : (known?.former ?? foreign);
  const own = known === undefined ? [] : [known.registered, ...known.own];
  const others = [...new Set(own)].filter((url) => url !== path).slice(0, 10);
  one.known = { registered: path, own: others, seen: path, former, active: model.active };
  model.live = path;
}

const transient = [
  ["issueStatelessChannelToken", "before"],
  ["getBotInfo", "before"],
  ["getWebhookEndpoint", "before"],
  ["testWebhookEndpoint", "before"],
  ["testWebhookEndpoint", "after"],
  ["setWebhookEndpoint", "before"],
  ["setWebhookEndpoint", "after"],
] as const;

/** An operation of LINE fails for as long as the deployment goes on. */
async function breakDown({ platform }: Model, random: Random, tell: (detail: string) => void): Promise<string> {
  const operation = random.pick(["getBotInfo", "getWebhookEndpoint", "testWebhookEndpoint", "setWebhookEndpoint"]);
  tell(`${operation} is out of order`);
  await platform.line.console.addFault({ on: "api", operation, status: 500, effect: "before", times: 10_000 });
  return operation;
}

/** Faults that a deployment has to get over: LINE's errors, calls without an answer, and readers that lag behind. */
async function disturb(
  { platform, isInProcess }: Model,
  random: Random,
  tell: (detail: string) => void,
): Promise<void> {
  if (random.chance(isInProcess ? 0.4 : 0.7)) return;
  if (random.chance(0.5)) {
    const [operation, effect] = random.pick(transient);
    const status = random.pick([429, 500] as const);
    tell(`${operation} ${status} ${effect}`);
    // A test that had its effect was one of the tests that the endpoint answers.
    await platform.line.console.addFault({ on: "api", operation, effect, status, times: 1 + random.int(2) });
    return;
  }
  const call = random.pick(["GET info", "GET endpoint", "PUT endpoint"]);
  const kind = random.pick(["no answer before", "no answer after", "stale reads"]);
  tell(`${call} ${kind}`);
  const before = await platform.webhook();
  let left = 1 + random.int(2);
  let stale = 0;
  platform.wire = async (one, send) => {
    if (kind === "stale reads") {
      const response = await send();
      if (one === "PUT endpoint") stale = left;
      if (one !== "GET endpoint" || stale-- <= 0) return response;
      return before.endpoint === undefined
        ? Response.json({ message: "Webhook endpoint not found" }, { status: 404 })
        : Response.json(before);
    }
    if (one !== call || left-- <= 0) return send();
    if (kind === "no answer after") await send();
    throw new TypeError("fetch failed", { cause: new Error("socket hang up") });
  };
}

async function calm({ platform }: Model): Promise<void> {
  platform.wire = (_, send) => send();
  await platform.line.console.clearFaults();
}

async function up(model: Model, one: StackModel, random: Random, tell: (detail: string) => void): Promise<void> {
  const { platform } = model;
  if (random.chance(0.5)) one.version += 1;
  const takeOver = random.chance(0.3) ? random.pick([model.live ?? "hand2", "hand1"]) : undefined;
  let predicted = predict(model, one, takeOver);
  // Broken after one test, an endpoint is tested a number of times that faults would change.
  if (!model.broken.has(pathOf(one)) && model.isInProcess && random.chance(0.2)) {
    const operation = await breakDown(model, random, tell);
    if (operation !== "setWebhookEndpoint" || model.live !== pathOf(one)) predicted = "refused";
  } else if (!model.broken.has(pathOf(one))) await disturb(model, random, tell);
  tell(`${pathOf(one)}${takeOver === undefined ? "" : `, take over ${takeOver}`}: ${predicted}`);
  const consent = takeOver === undefined ? {} : { takeOver: at(model, takeOver) };
  const inputs = platform.inputs(pathOf(one), { ...consent, artifact: String(random.int(1_000_000)) });
  const failure = await one.stack.up(inputs).then(
    () => undefined,
    (error: unknown) => error,
  );
  await calm(model);
  if (predicted === "set") expect(failure).toBeUndefined();
  else expect(failure).toBeInstanceOf(Error);
  const initErrors = one.stack.resource?.initErrors ?? [];
  if (predicted === "set") expect(initErrors).toEqual([]);
  if (predicted === "left") expect(initErrors).not.toEqual([]);
  if (predicted === "set" || predicted === "left") remember(model, one, takeOver);
  restart(model);
}

/** What answers one test does so again in the next deployment. */
function restart({ broken, platform }: Model): void {
  for (const [path, how] of broken) platform.bot.answer(path, ...(how === "always" ? [400] : [200, 400]));
}

async function refresh({ isValid, live: now, active }: Model, one: StackModel): Promise<void> {
  await one.stack.refresh();
  const before = structuredClone(one.stack.resource);
  expect(await one.stack.refresh()).toBe("same");
  expect(one.stack.resource).toEqual(before);
  if (one.known === undefined || !isValid) return;
  Object.assign(one.known, { seen: now ?? "", active: now === undefined ? false : active });
}

async function destroy(model: Model, one: StackModel, random: Random, tell: (detail: string) => void): Promise<void> {
  const { known } = one;
  const mustSet = known !== undefined && model.live === known.registered && known.former !== undefined;
  if (model.isInProcess && random.chance(0.2) && known !== undefined && model.isValid) {
    const operation = await breakDown(model, random, tell);
    const isHit =
      operation === "setWebhookEndpoint" ? mustSet && known.former !== known.registered : !operation.startsWith("test");
    const destroyed = one.stack.destroy();
    if (isHit) await expect(destroyed).rejects.toThrow("could not be restored");
    await destroyed.catch(() => {});
    await calm(model);
    if (isHit) return;
  } else {
    await disturb(model, random, tell);
    await one.stack.destroy();
    await calm(model);
  }
  one.known = undefined;
  if (known === undefined || !model.isValid) return;
  if (model.live !== known.registered || known.former === undefined) return;
  const how = model.broken.get(known.former);
  // What answers one test and then no more is put back by what was there.
  if (how === undefined) model.live = known.former;
}

/** The process of an `up` ends at one of its calls, before or after LINE took it: nothing comes into the state. */
async function crash(model: Model, one: StackModel, random: Random, tell: (detail: string) => void): Promise<void> {
  const { platform } = model;
  let left = random.int(8);
  const tookEffect = random.chance(0.5);
  if (random.chance(0.5)) one.version += 1;
  tell(`${pathOf(one)}, at call ${left}${tookEffect ? ", which took effect" : ""}`);
  const dead = Promise.withResolvers<"dead">();
  platform.wire = async (_, send) => {
    if (left-- > 0) return send();
    if (left === -1 && tookEffect) await send();
    dead.resolve("dead");
    return new Promise<never>(() => {});
  };
  const predicted = predict(model, one, undefined);
  const before = model.live;
  const running = one.stack.up(platform.inputs(pathOf(one), { artifact: String(random.int(1_000_000)) })).then(
    () => "done" as const,
    () => "failed" as const,
  );
  const outcome = await Promise.race([dead.promise, running]);
  if (outcome === "dead") await one.stack.kill?.();
  await calm(model);
  if (outcome === "done" || one.stack.resource?.initErrors.length) remember(model, one, undefined);
  else model.live = fromUrl((await platform.webhook()).endpoint);
  if (outcome === "done") expect(predicted).toBe("set");
  // Whatever was proved may be there now; nothing else.
  if (predicted === "refused") expect(model.live).toBe(before);
  else expect([before, pathOf(one)]).toContain(model.live);
  restart(model);
}

const fromUrl = (url: string | undefined) => url?.slice(url.lastIndexOf("/") + 1);

async function editInConsole(model: Model, _one: StackModel, random: Random): Promise<void> {
  const { platform } = model;
  model.live = random.pick(["hand1", "hand2", "a1", "b1"]);
  await platform.line.console.setWebhookUrl({ channelId, url: platform.bot.url(model.live) });
}

async function reissue(model: Model): Promise<void> {
  const { platform } = model;
  await platform.line.console.reissueSecret({ channelId });
  // A long-lived token outlives the secret that it was issued with.
  if (platform.credentials?.channelAccessToken === undefined) model.isValid = false;
}

async function revoke(model: Model): Promise<void> {
  const { platform } = model;
  await platform.line.console.revokeTokens({ channelId });
  if (platform.credentials?.channelAccessToken !== undefined) model.isValid = false;
}

/** Credentials by id and secret, or with a long-lived token. */
async function putRight(model: Model, _one: unknown, random: Random): Promise<void> {
  const { platform } = model;
  const isLongLived = random.chance(0.5);
  if (isLongLived) await platform.line.console.reissueLongLivedToken({ channelId });
  const { channelSecret, channelAccessToken } = await platform.line.console.revealCredentials({ channelId });
  platform.credentials = { channelId, channelSecret, ...(isLongLived ? { channelAccessToken } : {}) };
  model.isValid = true;
}

async function switchUse(model: Model): Promise<void> {
  const { platform } = model;
  model.active = !model.active;
  await platform.line.console.setSettings({ channelId, useWebhook: model.active });
}

async function breakEndpoint(model: Model, one: StackModel, random: Random): Promise<void> {
  const path = random.pick([pathOf(one), model.live ?? pathOf(one)]);
  model.broken.set(path, path === model.live ? "always" : random.pick(["always", "after one"] as const));
  restart(model);
}

async function fix(model: Model): Promise<void> {
  const { platform } = model;
  for (const path of model.broken.keys()) platform.bot.answer(path, 200);
  model.broken.clear();
}

/** Whatever happened: with good credentials and endpoints, every stack can be had again, and quiet. */
async function recover(model: Model, random: Random): Promise<void> {
  const { platform } = model;
  await putRight(model, undefined, random);
  await fix(model);
  for (const one of model.stacks) {
    const live = (await platform.webhook()).endpoint;
    const inputs = platform.inputs(pathOf(one), live === undefined ? {} : { takeOver: live });
    await one.stack.up(inputs);
    expect((await platform.webhook()).endpoint).toBe(at(model, pathOf(one)));
    expect(await one.stack.refresh()).toBe("same");
    platform.calls.length = 0;
    expect(await one.stack.up(inputs)).toBe("same");
    expect(platform.calls, "of an up without changes").toEqual([]);
  }
}
