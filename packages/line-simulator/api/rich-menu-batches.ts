import type { messagingApi } from "@line/bot-sdk";
import { bodyErrors, LineError, notFound } from "../errors.ts";
import type { RichMenuBatch } from "../memory.ts";
import type { Call, Handler } from "./call.ts";
import { isRichMenuId } from "./rich-menus.ts";

const keptMs = 14 * 86_400_000;

type Request = messagingApi.RichMenuBatchRequest;

const problem = (message: string, property: string) => bodyErrors([{ message, property }]);

/** @throws {LineError} in LINE's words, for the first operation that is wrong. */
function checkBatch({ world, channel, body: { operations } }: Call<Request>): void {
  const isAll = operations.some(({ type }) => type === "unlinkAll");
  if (isAll && operations.length > 1) {
    throw problem("'unlinkAll' type can't be combined with other type", "operations[].type");
  }
  const sources = operations.flatMap((operation) => ("from" in operation ? [operation.from] : []));
  const twice = sources.find((from, index) => sources.indexOf(from) !== index);
  if (twice !== undefined) throw problem(`from richmenu (${twice}) is duplicated`, "operations[].from");
  for (const [index, operation] of operations.entries()) {
    for (const name of ["from", "to"] as const) {
      const id = (operation as { from?: string; to?: string })[name];
      if (id === undefined) continue;
      const property = `operations[${index}].${name}`;
      if (!isRichMenuId(id)) throw problem("invalid richMenuId", property);
      if (!Object.hasOwn(channel.richMenus.menus, id)) {
        const details = [{ message: `Richmenu (${id}) is not found`, property }];
        throw new LineError(404, "The request body has 1 error(s)", { details });
      }
      if (name === "to" && !world.contents.has(id)) {
        throw problem(`'to' richmenu (${id}) must have image but it doesn't`, property);
      }
    }
  }
}

const validateRichMenuBatchRequest: Handler<Request> = (call) => checkBatch(call);

/** All operations look at the links as they were before the batch: they don't affect each other. */
const richMenuBatch: Handler<Request> = (call) => {
  checkBatch(call);
  const { world, channel, requestId, body } = call;
  const batch: RichMenuBatch = { channelId: channel.id, acceptedAtMs: world.clock.now() };
  world.memory.richMenuBatches.set(requestId, batch);
  if (isResumed(call)) {
    batch.completedAtMs = world.clock.now();
    return;
  }
  const apply = () => {
    channel.richMenus.ofPerson = Object.fromEntries(
      Object.entries(channel.richMenus.ofPerson).flatMap(([personId, menu]) => {
        const next = follow(body.operations, menu);
        return next === undefined ? [] : [[personId, next]];
      }),
    );
    batch.completedAtMs = world.clock.now();
    world.changed();
  };
  if (world.behaviour.richMenuBatchMs === 0) apply();
  else world.clock.after(world.behaviour.richMenuBatchMs, apply);
};

/** A key that was used within 14 days resumes: here, everyone was done the first time. */
function isResumed({ world, channel, body }: Call<Request>): boolean {
  const { resumeRequestKey } = body;
  if (resumeRequestKey === undefined) return false;
  const key = `${channel.id}/${resumeRequestKey}`;
  const former = world.memory.richMenuBatches.get(key);
  if (former !== undefined && world.clock.now() < former.acceptedAtMs + keptMs) return true;
  world.memory.richMenuBatches.set(key, { channelId: channel.id, acceptedAtMs: world.clock.now() });
  return false;
}

/** The menu that a person linked to `menu` has after the operations. */
function follow(operations: Request["operations"], menu: string): string | undefined {
  for (const operation of operations) {
    if (operation.type === "unlinkAll") return undefined;
    if (operation.type === "unlink" && operation.from === menu) return undefined;
    if (operation.type === "link" && operation.from === menu) return operation.to;
  }
  return menu;
}

const getRichMenuBatchProgress: Handler = ({ world, channel, query }) => {
  const batch = world.memory.richMenuBatches.get(query["requestId"] ?? "");
  if (batch?.channelId !== channel.id || world.clock.now() > batch.acceptedAtMs + keptMs) throw notFound();
  const acceptedTime = new Date(batch.acceptedAtMs);
  if (batch.completedAtMs === undefined) return { phase: "ongoing", acceptedTime };
  return { phase: "succeeded", acceptedTime, completedTime: new Date(batch.completedAtMs) };
};

export const richMenuBatchHandlers = { richMenuBatch, validateRichMenuBatchRequest, getRichMenuBatchProgress };
