import { ServiceError } from "./errors.ts";
import type { Functions } from "./lambda/functions.ts";

interface Fault {
  service: "sqs" | "dynamodb" | "secretsmanager";
  /** Such as `PutItem`; every operation by default. */
  operation?: string;
  /** Share of the calls that it hits, from 0 to 1: all by default. */
  rate?: number;
  /** The seed of the dice, for a run that can be repeated. */
  seed?: number;
}

/** Troubles of AWS that a test can order. */
export interface Faults {
  /** Calls are refused as too many; the answer ends it. */
  throttle(fault: Fault): () => void;
  /** Calls are answered by an error of the service itself; the answer ends it. */
  fail(fault: Fault): () => void;
  /** Kills a worker of a function in the middle of its work; false: none is at work. */
  killWorker(functionName: string): boolean;
}

export interface FaultRules extends Faults {
  /** Throws what a call gets in place of its result, if a fault hits it. */
  strike(service: string, operation: string): void;
}

const ERRORS = {
  throttle: {
    sqs: () => new ServiceError("RequestThrottled", "Rate exceeded"),
    secretsmanager: () => new ServiceError("ThrottlingException", "Rate exceeded"),
    dynamodb: () =>
      new ServiceError(
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.",
      ),
  },
  fail: {
    sqs: () => new ServiceError("ServiceUnavailable", "The service is not available", 503),
    dynamodb: () => new ServiceError("InternalServerError", "Internal server error", 500),
    secretsmanager: () => new ServiceError("InternalServiceError", "An error occurred on the server side.", 500),
  },
};

export function createFaults(functions: Pick<Functions, "workers">): FaultRules {
  const rules = new Set<{ fault: Fault; toss: () => number; toError: () => ServiceError }>();
  const add = (kind: keyof typeof ERRORS) => (fault: Fault) => {
    const rule = { fault, toss: createDice(fault.seed ?? 1), toError: ERRORS[kind][fault.service] };
    rules.add(rule);
    return () => void rules.delete(rule);
  };
  return {
    throttle: add("throttle"),
    fail: add("fail"),
    killWorker(functionName) {
      const worker = functions.workers.find(({ isBusy, version }) => isBusy && version.functionName === functionName);
      worker?.stop();
      return worker !== undefined;
    },
    strike(service, operation) {
      for (const { fault, toss, toError } of rules)
        if (fault.service === service && (fault.operation ?? operation) === operation && toss() < (fault.rate ?? 1))
          throw toError();
    },
  };
}

/** Numbers from 0 to 1 that a seed decides: mulberry32. */
function createDice(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
