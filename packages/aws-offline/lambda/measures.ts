import type { HasMetrics, Dimensions, Meter } from "../cloudwatch/metrics.ts";
import { parseFunctionName } from "./model.ts";

const UNITS = {
  Invocations: "Count",
  Errors: "Count",
  Throttles: "Count",
  ConcurrentExecutions: "Count",
  Duration: "Milliseconds",
} as const;

type Meters = Record<keyof typeof UNITS, Meter>;

interface Invocation {
  ms: number;
  hasFailed: boolean;
  /** How many invocations of the function and of the account ran when it began. */
  concurrent: { own: number; all: number };
}

/** Tells metrics of invocations as Lambda does. An ARN is what was called, with the qualifier. */
export interface InvocationMeter {
  invoked(arn: string, invocation: Invocation): void;
  /** A call that was throttled is no invocation. */
  throttled(arn: string): void;
}

export function createInvocationMeter({ metrics }: HasMetrics): InvocationMeter {
  const all = toMeters({});
  const byArn = new Map<string, Meters[]>();
  return {
    invoked(arn, { ms, hasFailed, concurrent }) {
      const now = Date.now();
      for (const meters of metersOf(arn)) {
        meters.Invocations(1, now);
        meters.Errors(Number(hasFailed), now);
        meters.Throttles(0, now);
        meters.Duration(ms, now);
        meters.ConcurrentExecutions(meters === all ? concurrent.all : concurrent.own, now);
      }
    },
    throttled(arn) {
      for (const { Throttles } of metersOf(arn)) Throttles(1, Date.now());
    },
  };

  /** The dimensions of all functions, of one, and of the version or alias that was called. */
  function metersOf(arn: string): Meters[] {
    let meters = byArn.get(arn);
    if (!meters) {
      const { name: FunctionName, qualifier } = parseFunctionName(arn);
      const Resource = qualifier === undefined ? FunctionName : `${FunctionName}:${qualifier}`;
      meters = [all, toMeters({ FunctionName }), toMeters({ FunctionName, Resource })];
      byArn.set(arn, meters);
    }
    return meters;
  }

  function toMeters(dimensions: Dimensions): Meters {
    const meters = Object.entries(UNITS).map(([name, unit]) => [
      name,
      metrics.meter({ namespace: "AWS/Lambda", name, dimensions, unit }),
    ]);
    return Object.fromEntries(meters) as Meters;
  }
}
