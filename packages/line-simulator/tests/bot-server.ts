import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { generate } from "selfsigned";
import type { webhook } from "@line/bot-sdk";
import { webhookProblems } from "./openapi.ts";

interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  raw: Buffer;
  body: webhook.CallbackRequest;
}

/** To break is to close the connection without an answer. */
type BotAnswer = number | "break" | { status: number; location: string };

/** A bot's HTTPS server with a certificate of its own, and what it received. */
export interface BotServer extends AsyncDisposable {
  url: string;
  /** PEM to trust. */
  ca: string;
  received: Received[];
  /** What was wrong with them by LINE's description. */
  problems: string[];
  /** How many connections were opened. */
  connections(): number;
  /** What it answers: a status, perhaps with where to go instead, or a promise of that. */
  respond: (received: Received) => BotAnswer | Promise<BotAnswer>;
}

export async function startBotServer(): Promise<BotServer> {
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] },
    ],
  });
  const received: Received[] = [];
  const problems: string[] = [];
  let opened = 0;
  const server: Server = createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const raw = Buffer.concat(chunks);
      const body = JSON.parse(raw.toString()) as webhook.CallbackRequest;
      problems.push(...webhookProblems(body));
      const one = { path: request.url ?? "", headers: request.headers, raw, body };
      received.push(one);
      void Promise.resolve(bot.respond(one)).then((answer) => write(response, answer));
    });
  });
  server.on("secureConnection", () => (opened += 1));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bot: BotServer = {
    url: `https://localhost:${(server.address() as AddressInfo).port}/webhook`,
    ca: cert,
    received,
    problems,
    connections: () => opened,
    respond: () => 200,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return bot;
}

function write(response: ServerResponse, answer: BotAnswer): void {
  if (answer === "break") {
    response.destroy();
    return;
  }
  const { status, ...headers } = typeof answer === "number" ? { status: answer } : answer;
  response.writeHead(status, headers).end();
}

/** The reply token of the last event. */
export function replyTokenOf({ received }: BotServer): string {
  const event = received.at(-1)?.body.events.at(-1);
  if (event === undefined || !("replyToken" in event) || event.replyToken === undefined) {
    throw new Error("The last event has no reply token");
  }
  return event.replyToken;
}
