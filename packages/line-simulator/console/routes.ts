import { Hono, type Context } from "hono";
import { streamSSE } from "hono/streaming";
import { LineError } from "../errors.ts";
import type { World } from "../world.ts";
import { isAction, runAction } from "./actions.ts";
import { nextMessage } from "./reading.ts";

/**
 * The console for the page and for programs in any language:
 * `POST /console/<action>` with the input as JSON; `POST /console/reset` with `{}`;
 * `GET /console/next-message?channelId=&userId=&after=`, answered when the bot has written;
 * `GET /console/contents/<message id>`, what a person uploaded; `GET /console/traces`, a stream of what happens.
 */
export function createConsoleRoutes(world: World, reset: () => Promise<void>): Hono {
  const app = new Hono();
  app.get("/traces", (context) => streamTraces(world, context));
  app.get("/next-message", (context) => awaitMessage(world, context));
  app.get("/contents/:id", (context) => showContent(world, context));
  app.post("/reset", async (context) => {
    await readInput(context);
    await reset();
    return context.json({});
  });
  app.post("/:action", async (context) => {
    const name = context.req.param("action");
    if (!isAction(name)) return context.json({ message: `The console knows no action ${JSON.stringify(name)}` }, 404);
    const result = await runAction(world, name, await readInput(context));
    return context.json(result ?? {});
  });
  app.onError((error, context) => {
    if (!(error instanceof LineError)) throw error;
    return context.json(error.body, error.status as 400);
  });
  return app;
}

async function readInput(context: Context): Promise<unknown> {
  // Other sites' pages can send forms and plain text to localhost, but no JSON without being asked about it first.
  if (!/^application\/json\b/.test(context.req.header("content-type") ?? "")) {
    throw new LineError(415, "The console takes JSON: set Content-Type to application/json");
  }
  return context.req.json().catch(() => {
    throw new LineError(400, "The request's body is not JSON");
  });
}

async function awaitMessage(world: World, context: Context): Promise<Response> {
  const { channelId = "", userId = "", after } = context.req.query();
  const from = after === undefined ? undefined : Number(after);
  if (Number.isNaN(from)) throw new LineError(400, "after has to be a number: the seq of something that happened");
  return context.json(await nextMessage(world, { channelId, userId }, from, context.req.raw.signal));
}

/** Media only, and nothing that a browser would run: anyone who uploads it names the type. */
function showContent(world: World, context: Context): Response {
  const content = world.contents.get(context.req.param("id") ?? "");
  if (content === undefined || !/^(image\/(?!svg)|audio\/|video\/)[\w.+-]+$/.test(content.contentType)) {
    throw new LineError(404, "There is no image, audio or video with this id");
  }
  return context.body(new Uint8Array(content.bytes), 200, {
    "content-type": content.contentType,
    "content-security-policy": "sandbox",
    "x-content-type-options": "nosniff",
  });
}

/** Server-sent events: each trace is one, its `seq` the id. */
function streamTraces(world: World, context: Context): Response {
  return streamSSE(context, async (stream) => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const unsubscribe = world.traces.subscribe((trace) => {
      // A write to a page that has gone rejects; `onAbort` is what ends the stream.
      stream.writeSSE({ id: String(trace.seq), event: trace.kind, data: JSON.stringify(trace) }).catch(end);
    });
    stream.onAbort(end);
    await stream.writeSSE({ event: "hello", data: "{}" });
    await ended;
    unsubscribe();
  });
}
