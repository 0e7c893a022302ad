import { createHash } from "node:crypto";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { canonicalJson } from "@pulumi-line-bot/kit/json";
import { refuseReserved } from "./environment.ts";
import type { LambdaFunction, Version } from "./model.ts";

const LATEST = "$LATEST";

/** What a function is now, unpublished, by its inputs. */
export function toLatest(inputs: Attributes, arn: string, sha256: string): Version {
  const name = inputs["name"] as string;
  const logging = (inputs["loggingConfig"] ?? {}) as Record<string, string>;
  const environment = (inputs["environment"] as { variables?: Record<string, string> } | undefined)?.variables ?? {};
  refuseReserved(environment);
  const content = {
    functionName: name,
    version: LATEST,
    arn,
    region: inputs["region"] as string,
    sha256,
    handler: inputs["handler"] as string,
    role: inputs["role"] as string,
    runtime: inputs["runtime"] as string,
    memorySize: inputs["memorySize"] as number,
    timeout: inputs["timeout"] as number,
    environment,
    logGroup: logging["logGroup"] ?? `/aws/lambda/${name}`,
    logFormat: logging["logFormat"] === "JSON" ? ("JSON" as const) : ("Text" as const),
    logLevel: logging["applicationLogLevel"] ?? "",
    description: (inputs["description"] as string | undefined) ?? "",
  };
  return { ...content, revision: toRevision(content) };
}

/** A new version only where code or configuration differ from the last one. */
export function publish(fn: LambdaFunction): LambdaFunction {
  const last = fn.published.at(-1);
  if (last && toRevision({ ...last, version: LATEST }) === fn.latest.revision) return fn;
  const version = String(Number(last?.version ?? 0) + 1);
  const next = { ...fn.latest, version };
  return { ...fn, published: [...fn.published, { ...next, revision: toRevision(next) }] };
}

/** One for each content: code and configuration. */
function toRevision({ revision: _, ...content }: Omit<Version, "revision"> & { revision?: string }): string {
  return createHash("sha256").update(canonicalJson(content)).digest("hex");
}
