import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { CredentialsCache } from "../../functions/credentials-cache.ts";
import { receive } from "../../functions/receive.ts";
import { bundle } from "../../infra/artifact.ts";
import { sign, signatureHeader } from "../../line/signature.ts";
import { median } from "./median.ts";

const entry = path.join(import.meta.dirname, "../../functions/webhook.ts");

export interface HandlerFigures {
  bundleBytes: number;
  /** Importing the bundle in a process of its own: median. */
  loadMs: number;
  /** Verify, parse and check one request, as a multiple of a bare HMAC and `JSON.parse`: median over rounds. */
  receiveRatio: number;
  receiveMicroseconds: number;
  bareMicroseconds: number;
}

/** All figures of the webhook function that need no network. */
export async function measureHandler(): Promise<HandlerFigures> {
  return { ...(await measureBundle()), ...(await measureReceive()) };
}

export async function measureBundle(rounds = 9): Promise<Pick<HandlerFigures, "bundleBytes" | "loadMs">> {
  const directory = await mkdtemp(path.join(tmpdir(), "handler-bench-"));
  try {
    const code = await bundle(entry);
    const file = path.join(directory, "index.mjs");
    await writeFile(file, code);
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) times.push(timeImport(file));
    return { bundleBytes: code.byteLength, loadMs: median(times) };
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The credentials' first fetch starts while loading; it is sent to a port where nobody listens. */
const environment = {
  CREDENTIALS_SECRET_ARN: "arn:aws:secretsmanager:us-east-1:123456789012:secret:bench-AbCdEf",
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "bench",
  AWS_SECRET_ACCESS_KEY: "bench",
  AWS_ENDPOINT_URL: "http://127.0.0.1:9",
};

/** The parent waits without doing anything, so that it does not slow down the child. */
function timeImport(file: string): number {
  const script = `const start = performance.now();
    await import(${JSON.stringify(pathToFileURL(file).href)});
    process.stdout.write(String(performance.now() - start), () => process.exit());`;
  return Number(execFileSync(process.execPath, ["--input-type=module", "--eval", script], { env: environment }));
}

const channelSecret = "8c570fa6dd201bb328f1c1eac23a96d8";
const credentials: CredentialsCache = {
  current: () => Promise.resolve({ channelId: "1234567890", channelSecret }),
  renewed: () => Promise.resolve(undefined),
};

export async function measureReceive(
  rounds = 41,
  requestsPerRound = 3000,
): Promise<Pick<HandlerFigures, "receiveRatio" | "receiveMicroseconds" | "bareMicroseconds">> {
  const request = createRequest();
  const bare = () => checkBare(request.body, request.headers[signatureHeader]);
  const whole = () => receive(request, credentials);
  const outcome = (await whole()).outcome;
  if (outcome !== "received") throw new Error(`The request to measure is ${outcome}`);
  // Side by side, so that a busy machine slows both; the first rounds warm up.
  const pairs: { bare: number; whole: number }[] = [];
  for (let round = 0; round < rounds + 5; round++) {
    pairs.push({ bare: await timeEach(bare, requestsPerRound), whole: await timeEach(whole, requestsPerRound) });
  }
  const measured = pairs.slice(5);
  return {
    receiveRatio: median(measured.map(({ bare, whole }) => whole / bare)),
    receiveMicroseconds: median(measured.map(({ whole }) => whole)),
    bareMicroseconds: median(measured.map(({ bare }) => bare)),
  };
}

/** The least that anyone could do: no shape, no limits, no constant time. */
function checkBare(body: string, signature: string): unknown {
  const mac = createHmac("sha256", channelSecret).update(body).digest("base64");
  if (mac !== signature) throw new Error("The signature does not verify");
  return JSON.parse(body);
}

async function timeEach(task: () => unknown, times: number): Promise<number> {
  const start = performance.now();
  for (let time = 0; time < times; time++) await task();
  return ((performance.now() - start) / times) * 1000;
}

/** A text message in Japanese: one event, as in most webhooks. */
function createRequest() {
  const body = JSON.stringify({
    destination: "U8e742f61d673b39c7fff3cecb7536ef0",
    events: [
      {
        type: "message",
        message: { type: "text", id: "444573844083572737", quoteToken: "q3Plxr4AgKd", text: "こんにちは、元気ですか" },
        timestamp: 1_462_629_479_859,
        source: { type: "user", userId: "U0123456789abcdef0123456789abcdef" },
        webhookEventId: "01FZ74A0TDDPYRVKNK77XKC3ZR",
        deliveryContext: { isRedelivery: false },
        replyToken: "nHuyWiB7yP5Zw52FIkcQobQuGDXCTA",
        mode: "active",
      },
    ],
  });
  return { body, headers: { [signatureHeader]: sign(body, channelSecret) }, isBase64Encoded: false };
}
