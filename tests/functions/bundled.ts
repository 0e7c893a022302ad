import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { APIGatewayProxyStructuredResultV2, SQSBatchResponse, SQSEvent } from "aws-lambda";
import type { ReceiverRequest } from "../../functions/receiver/receiver.ts";
import { bundle } from "../../infra/artifact.ts";
import type { Cloud } from "./cloud.ts";
import { toRecord } from "./setup.ts";
import { createEventsTable } from "./table.ts";

export type FunctionName = "webhook" | "worker";

const entryOf = (name: FunctionName) => path.join(import.meta.dirname, `../../functions/${name}.ts`);

const bundles = new Map<FunctionName, Promise<Uint8Array>>();

/** The bundle as it is deployed. */
export function bundleOnce(name: FunctionName): Promise<Uint8Array> {
  const bundled = bundles.get(name) ?? bundle(entryOf(name));
  bundles.set(name, bundled);
  return bundled;
}

/** A function's bundle as it is deployed, in a process of its own with nothing but Lambda's environment. */
export async function startBundle(name: FunctionName, env: Record<string, string>) {
  const directory = await mkdtemp(path.join(tmpdir(), `${name}-`));
  const file = path.join(directory, `${name}.mjs`);
  await writeFile(file, await bundleOnce(name));
  const child = fork(new URL("driver.mjs", import.meta.url), [file], { env, silent: true, execArgv: [] });
  const output: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => output.push(chunk));
  const closed = once(child, "close");

  return {
    /** Whether it started; if not, its output says why. */
    started: Promise.race([once(child, "message").then(() => true), closed.then(() => false)]),
    async invoke<Answer>(event: ReceiverRequest | SQSEvent): Promise<Answer> {
      const answered = once(child, "message").then(([answer]) => answer as Answer);
      child.send(event);
      return Promise.race([answered, closed.then(() => Promise.reject(new Error("The process ended")))]);
    },
    kill: () => child.kill("SIGKILL"),
    /** Lets the process end; all that it wrote. */
    async stop(): Promise<string> {
      if (child.connected) child.send("stop");
      await closed;
      return Buffer.concat(output).toString("utf8");
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await closed;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Both bundles over one loopback cloud. */
export async function startBundles(cloud: Cloud, extra: Record<string, string> = {}) {
  const table = await createEventsTable();
  cloud.tableUrl = table.url;
  const env = { ...cloud.env, EVENTS_TABLE: table.name, MAX_RECEIVES: "3", ...extra };
  const [receiver, worker] = await Promise.all([startBundle("webhook", env), startBundle("worker", env)]);
  await Promise.all([receiver.started, worker.started]);
  let taken = 0;
  return {
    env,
    table,
    receiver,
    worker,
    receive: (request: ReceiverRequest) => receiver.invoke<APIGatewayProxyStructuredResultV2>(request),
    /** Gives the worker what came into the queue since the last time. */
    async deliver() {
      const Records = cloud.queue.slice(taken).map((message) => toRecord(message));
      taken = cloud.queue.length;
      return worker.invoke<SQSBatchResponse>({ Records });
    },
    async [Symbol.asyncDispose]() {
      await receiver[Symbol.asyncDispose]();
      await worker[Symbol.asyncDispose]();
    },
  };
}
