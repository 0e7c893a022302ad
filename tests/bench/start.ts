import { programDir } from "../../deploy/local-stack.ts";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:https";
import path from "node:path";
import { createInterface } from "node:readline";
import { startLocalCloud } from "../../deploy/local/cloud.ts";
import { devChannel } from "@pulumi-line-bot/line-simulator/seed";
import { sign, signatureHeader } from "@pulumi-line-bot/kit/signature";
import { makeInstalledClone } from "../support/clone.ts";
import { median } from "./median.ts";

export interface StartFigures {
  /** The time from `npm start -- --once` to the proof, in an installed clone without state: median. */
  firstProofMs: number;
  /** The same, where the state is there and nothing changed. */
  nextProofMs: number;
  /** `npm exec -c true` in the same clone: what npm itself takes. */
  npmMs: number;
  /** A warm signed webhook without events through the HTTPS gateway: median and 99th percentile. */
  webhookMs: number;
  webhookP99Ms: number;
  /** One with an event, which is in the queue then: 99th percentile, and the slowest of cold starts. */
  acknowledgedP99Ms: number;
  acknowledgedColdMs: number;
}

type WebhookFigures = Pick<StartFigures, "webhookMs" | "webhookP99Ms" | "acknowledgedP99Ms" | "acknowledgedColdMs">;

export async function measureStart(rounds = 3, requests = 500): Promise<StartFigures> {
  await using clone = await makeInstalledClone();
  const first: number[] = [];
  const next: number[] = [];
  const npm: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    npm.push(await timeNpm(clone.path));
    first.push(await timeProof(clone.path, ["--fresh"]));
    next.push(await timeProof(clone.path, []));
  }
  return {
    firstProofMs: median(first),
    nextProofMs: median(next),
    npmMs: median(npm),
    ...(await measureWebhook(path.join(clone.path, ".local"), requests)),
  };
}

async function timeNpm(cwd: string): Promise<number> {
  const startedAtMs = performance.now();
  await once(spawn("npm", ["exec", "-c", "true"], { cwd, stdio: "ignore" }), "exit");
  return performance.now() - startedAtMs;
}

async function timeProof(cwd: string, options: string[]): Promise<number> {
  const startedAtMs = performance.now();
  const child = spawn("npm", ["start", "--", "--once", "--port", "0", ...options], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let provedAtMs: number | undefined;
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on("line", (line) => {
      said.push(line);
      if (line.includes("the bot answered")) provedAtMs = performance.now();
    });
  }
  await once(child, "close");
  if (provedAtMs === undefined) throw new Error(`npm start ended without a proof:\n${said.join("\n")}`);
  return provedAtMs - startedAtMs;
}

/** Against the deployment that is kept in this folder. */
async function measureWebhook(dataDir: string, requests: number, coldStarts = 8): Promise<WebhookFigures> {
  const cold: number[] = [];
  for (let round = 0; round < coldStarts; round += 1) {
    cold.push(await withGateway(dataDir, (post) => post([toEvent(`cold${round}`)])));
  }
  return withGateway(dataDir, async (post) => {
    const [empty, full]: [number[], number[]] = [[], []];
    for (let n = -20; n < requests; n += 1) {
      const [emptyMs, fullMs] = [await post([]), await post([toEvent(`warm${n}`)])];
      if (n < 0) continue;
      empty.push(emptyMs);
      full.push(fullMs);
    }
    return {
      webhookMs: median(empty),
      webhookP99Ms: percentile(empty, 0.99),
      acknowledgedP99Ms: percentile(full, 0.99),
      acknowledgedColdMs: Math.max(...cold),
    };
  });
}

const percentile = (times: number[], part: number): number =>
  times.toSorted((one, other) => one - other)[Math.floor(times.length * part)] ?? Number.NaN;

/** A sticker, with which the bot does nothing. */
function toEvent(name: string) {
  return {
    type: "message",
    message: { type: "sticker", id: name, stickerId: "1988", packageId: "446", stickerResourceType: "STATIC" },
    timestamp: Date.now(),
    source: { type: "user", userId: "U0123456789abcdef0123456789abcdef" },
    webhookEventId: `${name}-${Date.now()}`,
    deliveryContext: { isRedelivery: false },
    replyToken: "nHuyWiB7yP5Zw52FIkcQobQuGDXCTA",
    mode: "active",
  };
}

/** A cloud of its own: no function runs when it begins. */
async function withGateway<T>(dataDir: string, use: (post: (events: object[]) => Promise<number>) => Promise<T>) {
  const cloud = await startLocalCloud({ dataDir, programDir, linePort: 0 });
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: cloud.aws.certificateAuthority });
  try {
    const { channels } = await cloud.line.console.overview({});
    const endpoint = channels.find(({ id }) => id === devChannel.channelId)?.webhook.endpoint;
    if (endpoint === undefined) throw new Error("No webhook is registered");
    return await use((events) => {
      const body = JSON.stringify({ destination: devChannel.userId, events });
      return timePost(endpoint, body, agent);
    });
  } finally {
    agent.destroy();
    await cloud.close();
  }
}

function timePost(url: string, body: string, agent: Agent): Promise<number> {
  const startedAtMs = performance.now();
  const headers = { "content-type": "application/json", [signatureHeader]: sign(body, devChannel.channelSecret) };
  return new Promise((resolve, reject) => {
    const post = request(url, { method: "POST", agent, headers }, (response) => {
      response.resume().once("end", () => {
        if (response.statusCode === 200) resolve(performance.now() - startedAtMs);
        else reject(new Error(`The webhook answered ${response.statusCode}`));
      });
    });
    post.once("error", reject).end(body);
  });
}
