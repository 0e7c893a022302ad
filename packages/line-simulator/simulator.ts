import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { createPage } from "./pages.ts";
import { createApi } from "./api/server.ts";
import { defaultBehaviour, type Behaviour } from "./behaviour.ts";
import { systemClock, type Clock } from "./clock.ts";
import { createConsoleActions, type ConsoleActions } from "./console/actions.ts";
import { nextMessage, type NextMessage } from "./console/reading.ts";
import { createConsoleRoutes } from "./console/routes.ts";
import { openContents } from "./contents.ts";
import { createFaults } from "./faults.ts";
import { createMemory } from "./memory.ts";
import { refuseOtherSites } from "./other-sites.ts";
import { createSeed } from "./seed.ts";
import type { ChatMessage, State } from "./state.ts";
import { createFileStore, memoryStore } from "./store.ts";
import { createTraceLog, type Trace } from "./traces.ts";
import { createPoster } from "./webhook/post.ts";
import { createWebhooks } from "./webhook/webhooks.ts";
import type { World } from "./world.ts";

export interface LineSimulatorOptions {
  /** On loopback; 0, the default, takes a free one. */
  port?: number;
  /** Where everything is kept between runs; absent: nowhere. */
  dataDir?: string;
  /** PEM certificates that webhook delivery trusts besides the public authorities. */
  trustedCa?: string | readonly string[];
  /** The platform's time; absent: the machine's. */
  clock?: Clock;
  /** What to start with where nothing was kept; absent: the two bots, four friends of `seed.ts`. */
  seed?: () => State;
  /** What differs from the defaults in `behaviour.ts`. */
  behaviour?: Partial<Behaviour>;
}

interface Console extends ConsoleActions {
  /** The bot's first message in a chat after `after` (a `seq`), or from now on. */
  nextMessage(chat: NextMessage, after?: number, signal?: AbortSignal): Promise<ChatMessage>;
}

export interface LineSimulator {
  /** `http://localhost:<port>`: LINE's API and data host, the console's API and the page. */
  url: string;
  console: Console;
  /** Calls `listener` with everything that happens from now on; what it returns ends that. */
  subscribe(listener: (trace: Trace) => void): () => void;
  /** What happened lately, oldest first. */
  traces(): readonly Trace[];
  /** Resolves when no webhook request is under way; redeliveries that wait for their time do not count. */
  idle(): Promise<void>;
  /** Back to the seed and the behaviour that it was started with: everything that was kept is gone. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a LINE platform on this machine's loopback.
 * @throws {UserError} where the port is taken or what was kept cannot be read.
 */
export async function startLineSimulator(options: LineSimulatorOptions = {}): Promise<LineSimulator> {
  const { port = 0, dataDir, trustedCa = [], clock = systemClock, seed = createSeed } = options;
  const store = dataDir === undefined ? memoryStore : createFileStore(dataDir, () => world.state);
  const poster = createPoster(clock, typeof trustedCa === "string" ? [trustedCa] : trustedCa);
  const world: World = {
    state: (await store.load()) ?? seed(),
    memory: createMemory(),
    contents: await openContents(dataDir === undefined ? undefined : join(dataDir, "contents")),
    clock,
    behaviour: { ...defaultBehaviour, ...options.behaviour },
    faults: createFaults(),
    traces: createTraceLog(clock),
    webhooks: createWebhooks(() => world, clock, poster),
    changed: () => store.changed(),
    async saved() {
      await Promise.all([store.flush(), world.contents.flush()]);
    },
  };
  const reset = async () => {
    await world.webhooks.abort();
    Object.assign(world, { state: seed(), memory: createMemory() });
    Object.assign(world.behaviour, defaultBehaviour, options.behaviour);
    world.contents.clear();
    world.faults.clear();
    world.traces.clear();
    world.changed();
    await world.saved();
  };
  const server = await listen(createApp(world, reset), port);
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    console: {
      ...createConsoleActions(world),
      nextMessage: (chat, after, signal) => nextMessage(world, chat, after, signal),
    },
    subscribe: (listener) => world.traces.subscribe(listener),
    traces: () => world.traces.recent(),
    idle: () => world.webhooks.idle(),
    reset,
    async close() {
      const closed = once(server, "close");
      server.close();
      // Streams to open pages never end by themselves.
      server.closeAllConnections();
      await Promise.all([closed, world.webhooks.abort()]);
      await world.saved();
    },
  };
}

function createApp(world: World, reset: () => Promise<void>): Hono {
  const app = new Hono();
  app.use(refuseOtherSites);
  app.route("/console", createConsoleRoutes(world, reset));
  app.route("/", createPage());
  app.route("/", createApi(world));
  return app;
}

async function listen(app: Hono, port: number): Promise<Server> {
  const respond = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer((request, response) => void respond(request, response));
  server.listen(port, "127.0.0.1");
  await once(server, "listening").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EADDRINUSE") throw cause;
    throw new UserError(`Port ${port} is in use: stop what listens there, or choose another for the LINE simulator`, {
      cause,
    });
  });
  return server;
}
