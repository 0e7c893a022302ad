import * as v from "valibot";
import type { JsonService } from "../endpoint/json-protocol.ts";
import { ServiceError } from "../errors.ts";
import { DimensionList, fromDimensions, Time, toDimensions, Token, toNext } from "./wire.ts";

const PAGE = 500;

const Put = v.strictObject({
  Namespace: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
  MetricData: v.pipe(
    v.array(
      v.strictObject({
        MetricName: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
        Dimensions: DimensionList,
        Timestamp: v.optional(Time),
        Value: v.optional(v.number()),
        Values: v.optional(v.pipe(v.array(v.number()), v.maxLength(150))),
        Counts: v.optional(v.array(v.pipe(v.number(), v.minValue(0)))),
        Unit: v.optional(v.string()),
        StorageResolution: v.optional(v.picklist([1, 60])),
      }),
    ),
    v.maxLength(1000),
  ),
});

const List = v.strictObject({
  Namespace: v.optional(v.string()),
  MetricName: v.optional(v.string()),
  Dimensions: v.optional(v.array(v.object({ Name: v.string(), Value: v.optional(v.string()) })), []),
  NextToken: Token,
});

/** What is measured by whom CloudWatch serves, and what there is of it. */
export const metricOperations: JsonService["operations"] = {
  PutMetricData(input, { metrics }) {
    const { Namespace: namespace, MetricData: data } = v.parse(Put, input);
    if (namespace.startsWith("AWS/"))
      throw new ServiceError("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.");
    for (const { MetricName: name, Dimensions, Timestamp: atMs, Value, Values, Counts = [], Unit: unit } of data) {
      const datum = {
        namespace,
        name,
        dimensions: toDimensions(Dimensions),
        ...(atMs !== undefined && { atMs }),
        ...(unit !== undefined && { unit }),
      };
      if ((Value === undefined) === (Values === undefined))
        throw new ServiceError(
          "InvalidParameterCombination",
          "A datum needs either Value or Values. The offline AWS takes no StatisticValues.",
        );
      (Values ?? [Value ?? 0]).forEach((value, index) => metrics.put({ ...datum, value, count: Counts[index] ?? 1 }));
    }
    return {};
  },
  ListMetrics(input, { metrics }) {
    const { Namespace, MetricName, Dimensions, NextToken: from } = v.parse(List, input);
    const found = metrics
      .list()
      .filter(
        ({ namespace, name, dimensions = {} }) =>
          (Namespace === undefined || namespace === Namespace) &&
          (MetricName === undefined || name === MetricName) &&
          Dimensions.every(
            ({ Name, Value }) => Object.hasOwn(dimensions, Name) && (Value === undefined || dimensions[Name] === Value),
          ),
      );
    return {
      Metrics: found.slice(from, from + PAGE).map(({ namespace, name, dimensions }) => ({
        Namespace: namespace,
        MetricName: name,
        Dimensions: fromDimensions(dimensions),
      })),
      ...toNext(from + PAGE, found.length),
    };
  },
};
