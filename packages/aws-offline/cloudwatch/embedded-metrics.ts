import * as v from "valibot";
import type { LogLine } from "./log-pattern.ts";
import type { Datum, Dimensions } from "./metrics.ts";

/** What the embedded metric format says of a line: which of its members are metrics, which are their dimensions. */
const Embedded = v.object({
  _aws: v.object({
    Timestamp: v.number(),
    CloudWatchMetrics: v.array(
      v.object({
        Namespace: v.pipe(v.string(), v.minLength(1)),
        Dimensions: v.optional(v.array(v.array(v.string())), [[]]),
        Metrics: v.array(v.object({ Name: v.string(), Unit: v.optional(v.string()) })),
      }),
    ),
  }),
});

/** Metrics that a function writes as log lines, as Powertools does. What breaks the format is no metric, as on AWS. */
export function toEmbeddedMetrics({ message, json }: LogLine): Datum[] {
  if (!message.includes('"_aws"')) return [];
  const parsed = v.safeParse(Embedded, json);
  if (!parsed.success) return [];
  const members = json as Record<string, unknown>;
  const { Timestamp: atMs, CloudWatchMetrics: directives } = parsed.output._aws;
  return directives.flatMap(({ Namespace: namespace, Dimensions: sets, Metrics: metrics }) =>
    metrics.flatMap(({ Name: name, Unit: unit }) =>
      sets.flatMap((names) => {
        const dimensions = toDimensions(members, names);
        if (!dimensions) return [];
        return toValues(members[name]).map((value) => ({
          namespace,
          name,
          dimensions,
          value,
          atMs,
          ...(unit !== undefined && { unit }),
        }));
      }),
    ),
  );
}

function toDimensions(members: Record<string, unknown>, names: string[]): Dimensions | undefined {
  const entries = names.map((name) => [name, members[name]] as const);
  return entries.every((entry): entry is [string, string] => typeof entry[1] === "string")
    ? Object.fromEntries(entries)
    : undefined;
}

function toValues(value: unknown): number[] {
  return (Array.isArray(value) ? (value as unknown[]) : [value]).filter(
    (item): item is number => typeof item === "number" && Number.isFinite(item),
  );
}
