import type { Cloud } from "../cloud.ts";
import type { Datum, Dimensions } from "../cloudwatch/metrics.ts";
import { parseFunctionName } from "./model.ts";

type Measured = Pick<Datum, "name" | "value" | "unit">;

/** How an invocation went; `concurrent` is how many of this function and of the account ran when it began. */
export function measureInvocation(
  { metrics }: Pick<Cloud, "metrics">,
  arn: string,
  { ms, hasFailed, concurrent }: { ms: number; hasFailed: boolean; concurrent: { own: number; all: number } },
): void {
  const measured: Measured[] = [
    { name: "Invocations", value: 1, unit: "Count" },
    { name: "Errors", value: Number(hasFailed), unit: "Count" },
    { name: "Throttles", value: 0, unit: "Count" },
    { name: "Duration", value: ms, unit: "Milliseconds" },
  ];
  for (const dimensions of dimensionSets(arn)) {
    const { own, all } = concurrent;
    const value = dimensions["FunctionName"] === undefined ? all : own;
    for (const one of measured) metrics.put({ namespace: NAMESPACE, dimensions, ...one });
    metrics.put({ namespace: NAMESPACE, dimensions, name: "ConcurrentExecutions", value, unit: "Count" });
  }
}

/** A call that was throttled is no invocation. */
export function measureThrottle({ metrics }: Pick<Cloud, "metrics">, arn: string): void {
  for (const dimensions of dimensionSets(arn))
    metrics.put({ namespace: NAMESPACE, dimensions, name: "Throttles", value: 1, unit: "Count" });
}

const NAMESPACE = "AWS/Lambda";

/** Of all functions, of one, and of the version or alias that was called. */
function dimensionSets(arn: string): Dimensions[] {
  const { name: FunctionName, qualifier } = parseFunctionName(arn);
  const Resource = qualifier === undefined ? FunctionName : `${FunctionName}:${qualifier}`;
  return [{}, { FunctionName }, { FunctionName, Resource }];
}
