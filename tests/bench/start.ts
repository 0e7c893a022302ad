import { programDir } from "../../deploy/local-stack.ts";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:https";
import path from "node:path";
import { createInterface } from "node:readline";
import { startLocalCloud } from "../../local/cloud.ts";
import { devChannel } from "../../local/line/seed.ts";
import { sign, signatureHeader } from "../../line/signature.ts";
import { makeInstalledClone } from "../support/clone.ts";
import { median } from "./median.ts";

export interface StartFigures {
  /** From `npm start -- --once` to the proof, in an installed clone without state: median. */
  firstProofMs: number;
  /** The same, where the state is there and nothing changed. */
  nextProofMs: number;
  /** `npm exec -c true` in the same clone: what npm itself takes. */
  npmMs: number;
  /** A warm signed webhook through the HTTPS gateway: median and 99th percentile. */
  webhookMs: number;
  webhookP99Ms: number;
}

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

/** Against the deployment that is kept in this folder. The body has no events: the way there and back alone. */
async function measureWebhook(dataDir: string, requests: number): Promise<{ webhookMs: number; webhookP99Ms: number }> {
  const cloud = await startLocalCloud({ dataDir, programDir, linePort: 0 });
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: cloud.aws.certificateAuthority });
  try {
    const { channels } = await cloud.line.console.overview({});
    const endpoint = channels.find(({ id }) => id === devChannel.channelId)?.webhook.endpoint;
    if (endpoint === undefined) throw new Error("No webhook is registered");
    const body = JSON.stringify({ destination: devChannel.userId, events: [] });
    const times: number[] = [];
    for (let n = -20; n < requests; n += 1) {
      const ms = await timePost(endpoint, body, agent);
      if (n >= 0) times.push(ms);
    }
    times.sort((a, b) => a - b);
    return { webhookMs: median(times), webhookP99Ms: times[Math.floor(requests * 0.99)] ?? Number.NaN };
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
