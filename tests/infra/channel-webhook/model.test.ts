/**
 * Random lives of one or two stacks on one channel: deployments, refreshes, destroys, console edits, reissued secrets,
 * crashes and faults of LINE, against a model of a few lines. Replay one: SEED=<n> vitest run <this file>.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Incomplete } from "../../../infra/channel-webhook/webhook-provider.ts";
import { channelId, type Platform, startPlatform } from "./platform.ts";
import { createRandom, type Random } from "./random.ts";
import type { Stack } from "./stack.ts";

const sequences = 500;
const given = process.env["SEED"];
const seeds = given === undefined ? Array.from({ length: sequences }, (_, n) => n + 1) : [Number(given)];

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());

it(`state and channel agree with the model after each step of ${seeds.length} random lives`, async () => {
  for (const seed of seeds) {
    const steps: string[] = [];
    await live(createRandom(seed), steps).catch((error: unknown) => {
      throw new Error(`SEED=${seed}: ${steps.join(" → ")}\n${String(error)}`, { cause: error });
    });
  }
}, 120_000);

/** What one stack wants, and what it would remember. */
interface StackModel {
  stack: Stack;
  name: string;
  /** Undefined: it has no resource. */
  known: { registered: string; seen: string; former: string | undefined; active: boolean } | undefined;
  version: number;
}

interface Model {
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

async function live(random: Random, steps: string[]): Promise<void> {
  await platform.reset();
  const names = random.chance(0.5) ? ["a"] : ["a", "b"];
  const stacks = names.map((name) => ({ stack: platform.stack(), name, known: undefined, version: 1 }));
  const model: Model = { live: undefined, active: true, stacks, isValid: true, broken: new Map() };
  const length = random.from(3, 7);
  for (let n = 0; n < length; n += 1) {
    const one = random.pick(model.stacks);
    const [name, act] = random.weighted(actions);
    steps.push(`${name} ${one.name}`);
    await act(model, one, random, (detail) => steps.push(`(${detail})`));
    await agree(model);
    // A quarter of LINE's tests of an hour, so that a long life is not refused for its length.
    platform.clock.advance(15 * 60_000);
  }
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
  [1, "endpoint mends", mend],
];

const pathOf = (one: StackModel) => `${one.name}${one.version}`;
const at = (path: string | undefined) => (path === undefined ? undefined : platform.bot.url(path));
const isAnswering = (model: Model, path: string) => model.broken.get(path) !== "always";

async function agree(model: Model): Promise<void> {
  expect(await platform.webhook(), "the channel").toEqual({ endpoint: at(model.live), active: model.active });
  for (const { stack, known, name } of model.stacks) {
    const outputs = stack.resource?.outputs;
    const state = outputs && {
      registered: outputs["registeredEndpoint"],
      seen: outputs["endpoint"] === "" ? undefined : outputs["endpoint"],
      former: outputs["formerEndpoint"],
      active: outputs["active"],
    };
    const expected = known && {
      registered: at(known.registered),
      seen: known.seen === "" ? undefined : at(known.seen),
      former: at(known.former),
      active: known.active,
    };
    expect(state, `the state of ${name}`).toEqual(expected);
  }
}

/** What an `up` comes to, as the model has it. */
function predict(model: Model, one: StackModel, takeOver: boolean) {
  const path = pathOf(one);
  const { live: before, isValid } = model;
  const own = one.known === undefined ? [] : [one.known.registered, one.known.seen];
  const isForeign = before !== undefined && before !== path && !own.includes(before);
  if (!isValid) return "refused";
  if (isForeign && !takeOver && isAnswering(model, before)) return "refused";
  if (model.broken.get(path) === "always") return "refused";
  if (before !== path && model.broken.get(path) === "after one") return before === undefined ? "left" : "put back";
  return "set";
}

function remember(model: Model, one: StackModel): void {
  const path = pathOf(one);
  const { live: before } = model;
  const own = one.known === undefined ? [] : [one.known.registered, one.known.seen];
  const isNew = before !== undefined && before !== path && !own.includes(before);
  one.known = { registered: path, seen: path, former: isNew ? before : one.known?.former, active: model.active };
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
async function breakDown(random: Random, tell: (detail: string) => void): Promise<string> {
  const operation = random.pick(["getBotInfo", "getWebhookEndpoint", "testWebhookEndpoint", "setWebhookEndpoint"]);
  tell(`${operation} is out of order`);
  await platform.line.console.addFault({ on: "api", operation, status: 500, effect: "before", times: 10_000 });
  return operation;
}

/** Faults that a deployment has to get over: LINE's errors, calls without an answer, and readers that lag behind. */
async function disturb(random: Random, tell: (detail: string) => void): Promise<void> {
  if (random.chance(0.4)) return;
  if (random.chance(0.5)) {
    const [operation, effect] = random.pick(transient);
    const status = random.pick([429, 500] as const);
    tell(`${operation} ${status} ${effect}`);
    // A test that had its effect was one of the tests that the endpoint answers.
    await platform.line.console.addFault({ on: "api", operation, effect, status, times: random.from(1, 2) });
    return;
  }
  const call = random.pick(["GET info", "GET endpoint", "PUT endpoint"]);
  const kind = random.pick(["no answer before", "no answer after", "stale reads"]);
  tell(`${call} ${kind}`);
  const before = await platform.webhook();
  let left = random.from(1, 2);
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

async function calm(): Promise<void> {
  platform.wire = (_, send) => send();
  await platform.line.console.clearFaults();
}

async function up(model: Model, one: StackModel, random: Random, tell: (detail: string) => void): Promise<void> {
  if (random.chance(0.5)) one.version += 1;
  const takeOver = random.chance(0.2);
  let predicted = predict(model, one, takeOver);
  // Broken after one test, an endpoint is tested a number of times that faults would change.
  if (!model.broken.has(pathOf(one)) && random.chance(0.2)) {
    const operation = await breakDown(random, tell);
    if (operation !== "setWebhookEndpoint" || model.live !== pathOf(one)) predicted = "refused";
  } else if (!model.broken.has(pathOf(one))) await disturb(random, tell);
  tell(`${pathOf(one)}${takeOver ? ", take over" : ""}: ${predicted}`);
  const inputs = platform.inputs(pathOf(one), { takeOver, artifact: String(random.from(1, 1_000_000)) });
  const failure = await one.stack.up(inputs).then(
    () => undefined,
    (error: unknown) => error,
  );
  await calm();
  if (predicted === "set") expect(failure).toBeUndefined();
  else expect(failure).toBeInstanceOf(Error);
  expect(failure instanceof Incomplete).toBe(predicted === "left");
  if (predicted === "set" || predicted === "left") remember(model, one);
  restart(model);
}

/** What answers one test does so again in the next deployment. */
function restart(model: Model): void {
  for (const [path, how] of model.broken) platform.bot.answer(path, ...(how === "always" ? [400] : [200, 400]));
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
  if (random.chance(0.2) && known !== undefined && model.isValid) {
    const operation = await breakDown(random, tell);
    const isHit =
      operation === "setWebhookEndpoint" ? mustSet && known.former !== known.registered : !operation.startsWith("test");
    const destroyed = one.stack.destroy();
    if (isHit) await expect(destroyed).rejects.toThrow("could not be restored");
    await destroyed.catch(() => {});
    await calm();
    if (isHit) return;
  } else {
    await disturb(random, tell);
    await one.stack.destroy();
    await calm();
  }
  one.known = undefined;
  if (known === undefined || !model.isValid) return;
  if (model.live === known.registered && known.former !== undefined) model.live = known.former;
}

/** The process of an `up` ends at one of its calls, before or after LINE took it: nothing comes into the state. */
async function crash(model: Model, one: StackModel, random: Random, tell: (detail: string) => void): Promise<void> {
  let left = random.from(0, 7);
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
  const predicted = predict(model, one, false);
  const before = model.live;
  const running = one.stack.up(platform.inputs(pathOf(one), { artifact: String(random.from(1, 1_000_000)) })).then(
    () => "done" as const,
    () => "failed" as const,
  );
  const outcome = await Promise.race([dead.promise, running]);
  await calm();
  if (outcome === "done" || one.stack.resource?.initErrors.length) remember(model, one);
  else model.live = fromUrl((await platform.webhook()).endpoint);
  if (outcome === "done") expect(predicted).toBe("set");
  // Whatever was proved may be there now; nothing else.
  if (predicted === "refused") expect(model.live).toBe(before);
  else expect([before, pathOf(one)]).toContain(model.live);
  restart(model);
}

const fromUrl = (url: string | undefined) => url?.slice(url.lastIndexOf("/") + 1);

async function editInConsole(model: Model, _one: StackModel, random: Random): Promise<void> {
  model.live = random.pick(["hand1", "hand2", "a1", "b1"]);
  await platform.line.console.setWebhookUrl({ channelId, url: platform.bot.url(model.live) });
}

async function reissue(model: Model): Promise<void> {
  await platform.line.console.reissueSecret({ channelId });
  // A long-lived token outlives the secret that it was issued with.
  if (platform.credentials?.channelAccessToken === undefined) model.isValid = false;
}

async function revoke(model: Model): Promise<void> {
  await platform.line.console.revokeTokens({ channelId });
  if (platform.credentials?.channelAccessToken !== undefined) model.isValid = false;
}

/** By id and secret, or with a long-lived token. */
async function putRight(model: Model, _one: unknown, random: Random): Promise<void> {
  const isLongLived = random.chance(0.5);
  if (isLongLived) await platform.line.console.reissueLongLivedToken({ channelId });
  const { channelSecret, channelAccessToken } = await platform.line.console.revealCredentials({ channelId });
  platform.credentials = { channelId, channelSecret, ...(isLongLived ? { channelAccessToken } : {}) };
  model.isValid = true;
}

async function switchUse(model: Model): Promise<void> {
  model.active = !model.active;
  await platform.line.console.setSettings({ channelId, useWebhook: model.active });
}

async function breakEndpoint(model: Model, one: StackModel, random: Random): Promise<void> {
  const path = random.pick([pathOf(one), model.live ?? pathOf(one)]);
  model.broken.set(path, path === model.live ? "always" : random.pick(["always", "after one"] as const));
  restart(model);
}

async function mend(model: Model): Promise<void> {
  for (const path of model.broken.keys()) platform.bot.answer(path, 200);
  model.broken.clear();
}

/** Whatever happened: with good credentials and endpoints, every stack can be had again, and quiet. */
async function recover(model: Model, random: Random): Promise<void> {
  await putRight(model, undefined, random);
  await mend(model);
  for (const one of model.stacks) {
    const inputs = platform.inputs(pathOf(one), { takeOver: true });
    await one.stack.up(inputs);
    expect((await platform.webhook()).endpoint).toBe(at(pathOf(one)));
    expect(await one.stack.refresh()).toBe("same");
    platform.calls.length = 0;
    expect(await one.stack.up(inputs)).toBe("same");
    expect(platform.calls, "of an up without changes").toEqual([]);
  }
}
