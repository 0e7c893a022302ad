import { randomUUID } from "node:crypto";
import { Hono, type Context } from "hono";
import { sleep } from "../clock.ts";
import { LineError, notFound, TokenError } from "../errors.ts";
import { operations, type Operation } from "../openapi/table.ts";
import type { World } from "../world.ts";
import { authorize, findTokenCaller } from "./authorize.ts";
import type { Answer } from "./call.ts";
import { handlers, tokenHandlers } from "./handlers.ts";
import { notSimulated } from "./not-simulated.ts";
import { takeRate } from "./rate-limits.ts";
import { readBytes, readForm, readJson } from "./request-body.ts";
import { checkQuery } from "./query.ts";

/** Sent with every answer, as LINE does. */
const commonHeaders = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cache-control": "no-cache, no-store, max-age=0, must-revalidate",
};

/** The Messaging API, its data host and the token calls: every route of the generated table. */
export function createApi(world: World): Hono {
  const app = new Hono();
  // Text order puts `{` after letters: `/richmenu/list` is tried before `/richmenu/{richMenuId}`.
  for (const operation of operations.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    app.on(operation.method, operation.path.replaceAll(/\{(\w+)\}/g, ":$1"), (context) =>
      answer(world, operation, context),
    );
  }
  app.all("*", (context) => answerUnknown(world, context));
  return app;
}

async function answer(world: World, operation: Operation, context: Context): Promise<Response> {
  const requestId = randomUUID();
  const caller: Caller = {};
  const response = await run(world, operation, context, requestId, caller).catch(toErrorResponse);
  return finish(world, context, response, requestId, operation.id, caller.channelId);
}

/** Who called, known only on the way. */
interface Caller {
  channelId?: string | undefined;
}

async function run(
  world: World,
  operation: Operation,
  context: Context,
  requestId: string,
  caller: Caller,
): Promise<Response> {
  const request = context.req.raw;
  const tokenHandler = tokenHandlers[operation.id];
  if (tokenHandler !== undefined) {
    const form = await readForm(request);
    const query = context.req.query();
    caller.channelId = findTokenCaller(form);
    if (caller.channelId !== undefined) takeRate(world, caller.channelId, operation);
    return withFaults(world, operation, caller, () => tokenHandler({ world, form, query, headers: request.headers }));
  }
  const handler = handlers[operation.id];
  if (handler === undefined) throw notSimulated(`${operation.id} (${operation.method} ${operation.path})`);
  const channel = authorize(world, request.headers);
  caller.channelId = channel.id;
  takeRate(world, channel.id, operation);
  const query = context.req.query();
  checkQuery(operation, query);
  const body = operation.body?.content === "binary" ? await readBytes(request) : await readJson(request, operation);
  const { headers } = request;
  const params = context.req.param() as Record<string, string>;
  // The table of shapes says that the body is what the handler takes.
  const call = { world, channel, operation, params, query, headers, body: body as never, requestId };
  return withFaults(world, operation, caller, () => handler(call));
}

/** A switched-on fault can delay the call, and refuse it before or after it had its effect. */
async function withFaults(
  world: World,
  operation: Operation,
  { channelId }: Caller,
  handle: () => Answer | Promise<Answer>,
): Promise<Response> {
  const fault = world.faults.take("api", channelId, operation.id);
  if (fault?.delayMs !== undefined) await sleep(world.clock, fault.delayMs);
  if (fault?.status !== undefined && fault.effect !== "after") throw faulty(fault.status);
  const response = toResponse(await handle(), operation.status);
  if (isSetting(operation)) await world.saved();
  if (fault?.status !== undefined) throw faulty(fault.status);
  return response;
}

/** What a bot's deployment sets is on disk when it is answered; messages may be lost with the last third of a second. */
const isSetting = ({ method, path }: Operation): boolean =>
  method !== "GET" && !/^\/v2\/bot\/(message|chat)\/|^\/oauth2\//.test(path);

const faulty = (status: 429 | 500): LineError =>
  status === 429
    ? new LineError(429, "The API rate limit has been exceeded. Try again later.")
    : new LineError(500, "Internal server error");

function toResponse(result: Answer, status: number): Response {
  return result instanceof Response ? result : Response.json(result ?? {}, { status });
}

function toErrorResponse(error: unknown): Response {
  if (error instanceof LineError) return Response.json(error.body, { status: error.status, headers: error.headers });
  if (error instanceof TokenError) return Response.json(error.body, { status: 400 });
  throw error;
}

function answerUnknown(world: World, context: Context): Response {
  const { path } = context.req;
  const unknown = toErrorResponse(elsewhere.test(path) ? notSimulated(path) : notFound());
  return finish(world, context, unknown, randomUUID(), "unknown", undefined);
}

/** LINE's calls that its description of the Messaging API does not have: they exist, and not here. */
const elsewhere = new RegExp(
  "^/(v2/bot/(insight|audienceGroup|ad|list|channel/detach|chat/[^/]+/control)|module|shop|liff)(/|$)",
);

function finish(
  world: World,
  context: Context,
  response: Response,
  requestId: string,
  operation: string,
  channelId: string | undefined,
): Response {
  for (const [name, value] of Object.entries(commonHeaders)) response.headers.set(name, value);
  response.headers.set("x-line-request-id", requestId);
  const { method, path } = context.req;
  world.traces.add({
    kind: "api",
    ...(channelId !== undefined && { channelId }),
    operation,
    method,
    path,
    status: response.status,
    requestId,
  });
  return response;
}
