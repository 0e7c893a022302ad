import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { CredentialsCache } from "../../functions/shared/credentials-cache.ts";
import { receive } from "../../functions/receiver/receive.ts";
import { bundle } from "../../infra/artifact.ts";
import { signatureHeader } from "@pulumi-line-bot/kit/signature";
import { median } from "./median.ts";
import { channelSecret, createRequest } from "./request.ts";

const entry = path.join(import.meta.dirname, "../../functions/webhook.ts");
const sdkEntry = path.join(import.meta.dirname, "fixtures/sdk-middleware.ts");

export interface HandlerFigures {
  bundleBytes: number;
  /** Importing the bundle in a process of its own: median. */
  loadMs: number;
  /** The same of LINE's SDK as middleware of express, wrapped for Lambda. */
  sdkBundleBytes: number;
  sdkLoadMs: number;
  /** One webhook request with one event through that, without a bot: median over rounds. */
  sdkMicroseconds: number;
  /** The same request through the whole receiver but the network: its event is made a queue entry, in a signed call. */
  receiverMicroseconds: number;
  /** What the heap holds after 100,000 such requests more than after 10,000. */
  grownMegabytes: number;
  /** Verify, parse and check one request, as a multiple of a bare HMAC and `JSON.parse`: median over rounds. */
  receiveRatio: number;
  receiveMicroseconds: number;
  bareMicroseconds: number;
}

/** All figures of the webhook function that need no network. */
export async function measureHandler(): Promise<HandlerFigures> {
  return {
    ...(await measureBundles()),
    ...(await measureReceive()),
    ...measureWhole(),
    grownMegabytes: measureGrowth(),
  };
}

/** Ours and the SDK's in turn, so that a busy machine slows both. */
async function measureBundles(rounds = 9) {
  const directory = await mkdtemp(path.join(tmpdir(), "handler-bench-"));
  try {
    const [own, sdk] = [path.join(directory, "own.mjs"), path.join(directory, "sdk.cjs")];
    await writeFile(own, await bundle(entry));
    await build({ entryPoints: [sdkEntry], outfile: sdk, bundle: true, minify: true, platform: "node", format: "cjs" });
    const times: { own: number[]; sdk: number[] } = { own: [], sdk: [] };
    for (let round = 0; round < rounds; round++) {
      times.own.push(timeImport(own));
      times.sdk.push(timeImport(sdk));
    }
    const [bundleBytes, sdkBundleBytes] = [(await stat(own)).size, (await stat(sdk)).size];
    return { bundleBytes, loadMs: median(times.own), sdkBundleBytes, sdkLoadMs: median(times.sdk) };
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** In processes of their own, each with as much work behind it as the other. */
function measureWhole() {
  const [own = [], sdk = []] = ["whole-receiver.ts", "sdk-requests.ts"].map((file) =>
    Array.from({ length: 5 }, () => runFixture(file, "2000").microseconds),
  );
  return { receiverMicroseconds: median(own), sdkMicroseconds: median(sdk) };
}

function measureGrowth(): number {
  const [before, after] = ["10000", "100000"].map((requests) => runFixture("whole-receiver.ts", requests).heapBytes);
  return ((after ?? Number.NaN) - (before ?? Number.NaN)) / 1024 ** 2;
}

function runFixture(file: string, requests: string): { microseconds: number; heapBytes: number } {
  const at = path.join(import.meta.dirname, "fixtures", file);
  const printed = execFileSync(process.execPath, ["--expose-gc", at, requests], { env: environment });
  return JSON.parse(printed.toString().trimEnd().split("\n").at(-1) ?? "") as ReturnType<typeof runFixture>;
}

/** The credentials' first fetch starts while loading; it is sent to a port where nobody listens. */
const environment = {
  QUEUE_URL: "https://sqs.us-east-1.amazonaws.com/123456789012/bench.fifo",
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

const credentials: CredentialsCache = {
  current: () => Promise.resolve({ channelId: "1234567890", channelSecret }),
  renewed: () => Promise.resolve(undefined),
};

async function measureReceive(
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
