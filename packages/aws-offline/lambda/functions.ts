import type { HasMetrics } from "../cloudwatch/metrics.ts";
import type { HasLogGroups } from "../cloudwatch/log-groups.ts";
import type { HasTrace } from "../trace.ts";
import type { HasAccessKeys } from "../sts/access-keys.ts";
import type { HasAccountId } from "../account-id.ts";
import type { HasStore } from "../store/store.ts";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import { ServiceError } from "../errors.ts";
import { isAllowed } from "../iam/access.ts";
import { createInvocationMeter } from "./measures.ts";
import { functionsOf, resolveFunction, type Version } from "./model.ts";
import { prunePackages, taskRoot } from "./package.ts";
import { WorkerPool } from "./pool.ts";
import { endLines, startLine } from "./report.ts";
import type { LambdaWorker, Outcome } from "./worker.ts";

/** What an invocation answered: a payload, and whether it is the report of a failure. */
export interface InvocationResult {
  /** JSON text. */
  payload: string;
  functionError?: "Unhandled";
  version: string;
  requestId: string;
}

/** The functions' side that runs: Lambda's data plane. */
export interface Functions {
  readonly packagesFolder: string;
  /** Throws a `ServiceError` where Lambda refuses the call; a handler that fails is a result. */
  invoke(functionName: string, qualifier: string | undefined, event: string): Promise<InvocationResult>;
  /** Stops the workers of a function but those of the revision given: at once if idle, else when they are done. */
  retire(functionName: string, revision?: string): void;
  /** Processes that are there now. */
  readonly workers: readonly LambdaWorker[];
  close(): Promise<void>;
}

/** Lambda's own limit on a synchronous request or answer. */
const PAYLOAD_LIMIT = 6 * 1024 * 1024;

export function createFunctions(
  cloud: HasStore & HasAccountId & HasAccessKeys & HasTrace & HasLogGroups & HasMetrics,
  endpointUrl: () => string,
): Functions {
  const packagesFolder = join(cloud.store.folder, "lambda", "packages");
  const versions = functionsOf(cloud)
    .values()
    .flatMap(({ latest, published }) => [latest, ...published]);
  prunePackages(packagesFolder, new Set(versions.map(({ sha256 }) => sha256)));
  const meter = createInvocationMeter(cloud);
  const pool = new WorkerPool({
    task: (version) => taskRoot(packagesFolder, version.sha256),
    endpointUrl,
    accessKeys: cloud.accessKeys,
    log: write,
  });
  return {
    packagesFolder,
    retire: (functionName, revision) => pool.retire(functionName, revision),
    get workers() {
      return pool.workers;
    },
    close: () => pool.close(),
    async invoke(functionName, qualifier, event) {
      if (Buffer.byteLength(event) > PAYLOAD_LIMIT)
        throw new ServiceError(
          "RequestEntityTooLargeException",
          `${Buffer.byteLength(event)} byte payload is too large for the RequestResponse invocation type (limit ${PAYLOAD_LIMIT} bytes)`,
          413,
        );
      const { fn, version, invokedArn } = resolveFunction(cloud, functionName, qualifier);
      try {
        return await pool.withWorker(version, fn.reservedConcurrency, (worker) => runOn(worker, invokedArn, event));
      } catch (error) {
        if (error instanceof ServiceError && error.status === 429) meter.throttled(invokedArn);
        throw error;
      }
    },
  };

  /** A role that may not write logs has none, as on AWS. */
  function write({ logGroup, role, region }: Version, stream: string, message: string): void {
    const arn = toArn("logs", region, cloud.accountId, `log-group:${logGroup}:log-stream:${stream}`);
    if (isAllowed(cloud, role, "logs:PutLogEvents", arn)) cloud.logGroups.append(logGroup, stream, message);
  }

  async function runOn(worker: LambdaWorker, arn: string, event: string): Promise<InvocationResult> {
    const { version } = worker;
    const requestId = randomUUID();
    const isCold = worker.isCold;
    const concurrent = { own: pool.countRunning(version.functionName), all: pool.countRunning() };
    const log = (message: string) => write(version, worker.stream, message);
    log(startLine(version, requestId));
    const startedAt = performance.now();
    const outcome = await worker.invoke({ requestId, event, arn, traceId: toTraceId() });
    const wholeMs = performance.now() - startedAt;
    const initMs = isCold ? worker.initMs : undefined;
    // What a cold start takes before the handler runs is reported apart; part of it was over when the call came.
    const ms = Math.max(0.01, wholeMs - (initMs ?? 0));
    for (const line of endLines(version, { requestId, outcome, ms, initMs })) log(line);
    meter.invoked(arn, { ms, hasFailed: outcome.type !== "result", concurrent });
    cloud.trace({
      kind: "invocation",
      functionName: version.functionName,
      version: version.version,
      requestId,
      start: isCold ? "cold" : "warm",
      outcome: OUTCOMES[outcome.type],
      ms,
      ...(initMs !== undefined && { initMs }),
    });
    return { ...toResult(outcome, version, requestId), version: version.version, requestId };
  }
}

const OUTCOMES = {
  result: "succeeded",
  error: "failed",
  "init-error": "failed",
  crash: "crashed",
  timeout: "timed-out",
} as const;

function toResult(
  outcome: Outcome,
  version: Version,
  requestId: string,
): Pick<InvocationResult, "payload" | "functionError"> {
  switch (outcome.type) {
    case "result": {
      if (Buffer.byteLength(outcome.result) <= PAYLOAD_LIMIT) return { payload: outcome.result };
      const errorMessage = `Response payload size (${Buffer.byteLength(outcome.result)} bytes) exceeded maximum allowed payload size (${PAYLOAD_LIMIT} bytes).`;
      return unhandled({ errorType: "Function.ResponseSizeTooLarge", errorMessage });
    }
    case "timeout": {
      const seconds = version.timeout.toFixed(2);
      return unhandled({
        errorType: "Sandbox.Timedout",
        errorMessage: `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`,
      });
    }
    case "crash":
      return unhandled({ ...outcome.error, errorMessage: `RequestId: ${requestId} ${outcome.error.errorMessage}` });
    default:
      return unhandled(outcome.error);
  }
}

function unhandled(error: object): Pick<InvocationResult, "payload" | "functionError"> {
  return { payload: JSON.stringify(error), functionError: "Unhandled" };
}

/** `Root=1-<time>-<random>`, as X-Ray forms it. */
function toTraceId(): string {
  const time = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${time}-${randomUUID().replaceAll("-", "").slice(0, 24)};Sampled=0`;
}

/** What needs no more of the account than this. */
export interface HasFunctions {
  readonly functions: Functions;
}
