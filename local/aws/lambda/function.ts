import { randomUUID } from "node:crypto";
import type { Attributes, Change, Cloud, Resource, ResourceType } from "../cloud.ts";
import { partitionOf } from "../cloud.ts";
import { toArn } from "../arn.ts";
import { ServiceError } from "../errors.ts";
import { canBeAssumedBy } from "../iam/access.ts";
import { canonical } from "../provider/policy.ts";
import { isArchive } from "../provider/wire.ts";
import type { Stored } from "../store/stored.ts";
import { functionsOf } from "./model.ts";
import type { LambdaFunction, Version } from "./model.ts";
import { takePackage } from "./package.ts";
import type { CodePackage } from "./package.ts";

const RUNTIME = `nodejs${process.versions.node.split(".")[0]}.x`;
const records = (cloud: Cloud) => cloud.store.collection<Stored>("lambda/function-resources", "sealed");

/** Inputs whose change is a change of code. */
const CODE = ["code", "sourceCodeHash", "codeSha256", "architectures", "sourceKmsKeyArn"];
/** Inputs that are no part of a version. */
const OUTSIDE = new Set(["tags", "tagsAll", "reservedConcurrentExecutions", "publish", "skipDestroy", "publishTo"]);

export const lambdaFunction: ResourceType = {
  token: "aws:lambda/function:Function",
  validate,
  replaces: ({ olds, news }) =>
    (olds["durableConfig"] === undefined) === (news["durableConfig"] === undefined) ? [] : ["durableConfig"],
  recomputes({ changed, olds, news }) {
    const code = CODE.some((name) => changed.has(name));
    const publishes = news["publish"] === true && [...changed].some((name) => name === "publish" || isVersioned(name));
    return [
      ...(code || [...changed].some(isVersioned) ? ["lastModified"] : []),
      ...(changed.has("code") ? ["codeSha256", "sourceCodeSize"] : []),
      ...(changed.has("code") && olds["sourceCodeHash"] === news["sourceCodeHash"] ? ["sourceCodeHash"] : []),
      ...(publishes ? ["version", "qualifiedArn", "qualifiedInvokeArn"] : []),
    ];
  },
  async create(inputs, cloud) {
    const name = inputs["name"] as string;
    if (functionsOf(cloud).get(name))
      throw new ServiceError("ResourceConflictException", `Function already exist: ${name}`, 409);
    refuseRole(inputs, cloud);
    const code = await takeCode(inputs, cloud);
    const region = inputs["region"] as string;
    const arn = toArn("lambda", region, cloud.accountId, `function:${name}`);
    const fn: LambdaFunction = { name, arn, region, latest: toLatest(inputs, arn, code), published: [] };
    return save(fn, inputs, code, cloud);
  },
  read: (id, _known, cloud) => records(cloud).get(id),
  async update(id, change, cloud) {
    const fn = functionsOf(cloud).get(id);
    if (!fn) throw new ServiceError("ResourceNotFoundException", `Function not found: ${id}`, 404);
    const { olds, news } = change;
    refuseRole(news, cloud);
    const code = change.changed.has("code") || !olds["codeSha256"] ? await takeCode(news, cloud) : toPackage(fn, olds);
    const next = { ...fn, latest: toLatest(news, fn.arn, code) };
    const { attributes } = save(next, { ...unchanged(change), ...news }, code, cloud);
    return attributes;
  },
  delete(id, known, cloud) {
    if (known["skipDestroy"] === true) return;
    functionsOf(cloud).delete(id);
    records(cloud).delete(id);
    cloud.functions.retire(id);
  },
};

function isVersioned(name: string): boolean {
  return !OUTSIDE.has(name);
}

/** Rules over several properties that the provider tells when it makes a diff. */
function validate(inputs: Attributes): void {
  if (inputs["packageType"] === "Image") return;
  for (const name of ["handler", "runtime"])
    if (inputs[name] === undefined) throw new Error("handler and runtime must be set when PackageType is Zip");
}

/** Lambda takes a role only if it may act in its name. */
function refuseRole(inputs: Attributes, cloud: Cloud): void {
  if (!canBeAssumedBy(cloud, inputs["role"] as string, "lambda.amazonaws.com"))
    throw new ServiceError(
      "InvalidParameterValueException",
      "The role defined for the function cannot be assumed by Lambda.",
    );
}

async function takeCode(inputs: Attributes, cloud: Cloud): Promise<CodePackage> {
  const { code, runtime } = inputs;
  if (!isArchive(code))
    throw new ServiceError(
      "InvalidParameterValueException",
      "The offline AWS runs functions whose code is a zip from `code`; imageUri and s3Bucket are not simulated",
    );
  if (runtime !== RUNTIME)
    throw new ServiceError(
      "InvalidParameterValueException",
      `The offline AWS runs functions with ${RUNTIME} only, not with ${String(runtime)}`,
    );
  return takePackage(code, cloud.assetRoot, cloud.functions.packagesFolder);
}

function toPackage(fn: LambdaFunction, olds: Attributes): CodePackage {
  const { sha256 } = fn.latest;
  return { sha256, codeSha256: Buffer.from(sha256, "hex").toString("base64"), size: olds["sourceCodeSize"] as number };
}

function toLatest(inputs: Attributes, arn: string, code: CodePackage): Version {
  const name = inputs["name"] as string;
  const logging = (inputs["loggingConfig"] ?? {}) as Record<string, string>;
  const environment = (inputs["environment"] as { variables?: Record<string, string> } | undefined)?.variables ?? {};
  refuseReserved(environment);
  const { sha256 } = code;
  return {
    functionName: name,
    version: "$LATEST",
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
    logFormat: logging["logFormat"] === "JSON" ? "JSON" : "Text",
    logLevel: logging["applicationLogLevel"] ?? "",
    description: (inputs["description"] as string | undefined) ?? "",
    revision: randomUUID(),
  };
}

/** Names that Lambda keeps for itself, and its limit on all variables together. */
function refuseReserved(environment: Record<string, string>): void {
  const reserved = Object.keys(environment).filter((key) => RESERVED.has(key));
  if (reserved.length > 0)
    throw new ServiceError(
      "InvalidParameterValueException",
      "Lambda was unable to configure your environment variables because the environment variables you have provided " +
        `contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(", ")}`,
    );
  if (Buffer.byteLength(JSON.stringify(environment)) > 4096)
    throw new ServiceError(
      "InvalidParameterValueException",
      "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit",
    );
}

const RESERVED = new Set([
  "_HANDLER",
  "_X_AMZN_TRACE_ID",
  "AWS_ACCESS_KEY",
  "AWS_ACCESS_KEY_ID",
  "AWS_DEFAULT_REGION",
  "AWS_EXECUTION_ENV",
  "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
  "AWS_LAMBDA_FUNCTION_NAME",
  "AWS_LAMBDA_FUNCTION_VERSION",
  "AWS_LAMBDA_INITIALIZATION_TYPE",
  "AWS_LAMBDA_LOG_GROUP_NAME",
  "AWS_LAMBDA_LOG_STREAM_NAME",
  "AWS_LAMBDA_RUNTIME_API",
  "AWS_REGION",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "LAMBDA_RUNTIME_DIR",
  "LAMBDA_TASK_ROOT",
]);

/** Publishes where asked, keeps both records, and answers what the program can see. */
function save(fn: LambdaFunction, inputs: Attributes, code: CodePackage, cloud: Cloud): Resource {
  const reserved = inputs["reservedConcurrentExecutions"] as number | undefined;
  const { reservedConcurrency: _, ...rest } = fn;
  const kept: LambdaFunction = {
    ...rest,
    ...(reserved !== undefined && reserved >= 0 && { reservedConcurrency: reserved }),
  };
  const published = inputs["publish"] === true ? publish(kept) : kept;
  const attributes = { ...inputs, ...describe(published, inputs, code) };
  functionsOf(cloud).put(fn.name, published);
  records(cloud).put(fn.name, { id: fn.name, attributes });
  cloud.functions.retire(fn.name, published.latest.revision);
  return { id: fn.name, attributes };
}

/** A new version only where code or configuration differ from the last one. */
export function publish(fn: LambdaFunction): LambdaFunction {
  const last = fn.published.at(-1);
  if (last && contentOf(last) === contentOf(fn.latest)) return fn;
  const version = String(Number(last?.version ?? 0) + 1);
  return { ...fn, published: [...fn.published, { ...fn.latest, version, revision: randomUUID() }] };
}

function contentOf({ revision: _, version: __, ...content }: Version): string {
  return canonical(content);
}

function describe(fn: LambdaFunction, inputs: Attributes, code: CodePackage): Attributes {
  const version = fn.published.at(-1)?.version ?? "$LATEST";
  const gateway = `arn:${partitionOf(fn.region)}:apigateway:${fn.region}:lambda:path/2015-03-31/functions`;
  const qualifiedArn = `${fn.arn}:${version}`;
  return {
    architectures: inputs["architectures"] ?? ["x86_64"],
    arn: fn.arn,
    codeSha256: code.codeSha256,
    ephemeralStorage: inputs["ephemeralStorage"] ?? { size: 512 },
    invokeArn: `${gateway}/${fn.arn}/invocations`,
    lastModified: new Date().toISOString().replace("Z", "+0000"),
    loggingConfig: {
      applicationLogLevel: "",
      logFormat: "Text",
      logGroup: `/aws/lambda/${fn.name}`,
      systemLogLevel: "",
      ...(inputs["loggingConfig"] as Attributes | undefined),
    },
    qualifiedArn,
    qualifiedInvokeArn: `${gateway}/${qualifiedArn}/invocations`,
    responseStreamingInvokeArn: `${gateway.replace("2015-03-31", "2021-11-15")}/${fn.arn}/response-streaming-invocations`,
    signingJobArn: "",
    signingProfileVersionArn: "",
    sourceCodeHash: inputs["sourceCodeHash"] ?? code.sha256,
    sourceCodeSize: code.size,
    tracingConfig: inputs["tracingConfig"] ?? { mode: "PassThrough" },
    version,
  };
}

/** What an update leaves as it was: values that the service filled in. */
function unchanged({ olds, news }: Change): Attributes {
  const filled = ["architectures", "ephemeralStorage", "loggingConfig", "tracingConfig"];
  return Object.fromEntries(filled.filter((name) => news[name] === undefined).map((name) => [name, olds[name]]));
}
