import type { Stored } from "../store/store.ts";
import type { Cloud, Resource, ResourceType } from "../cloud.ts";
import type { Attributes, Change } from "@pulumi-line-bot/aws-resources/attributes";
import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import { ServiceError } from "../errors.ts";
import { canBeAssumedBy } from "../iam/access.ts";
import { isArchive } from "@pulumi-line-bot/aws-resources/values";
import { describeFunction } from "./function-attributes.ts";
import { functionsOf, type LambdaFunction } from "./model.ts";
import { takePackage, type CodePackage } from "./package.ts";
import { publish, toLatest } from "./version.ts";

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
    const modifiedAt = new Date().toISOString();
    const arn = toArn("lambda", region, cloud.accountId, `function:${name}`);
    const fn: LambdaFunction = {
      name,
      arn,
      region,
      latest: toLatest(inputs, arn, code.sha256),
      published: [],
      modifiedAt,
    };
    return save(fn, inputs, code, cloud);
  },
  read: (id, _known, cloud) => records(cloud).get(id),
  async update(id, change, cloud) {
    const fn = functionsOf(cloud).get(id);
    if (!fn) throw new ServiceError("ResourceNotFoundException", `Function not found: ${id}`, 404);
    const { olds, news } = change;
    refuseRole(news, cloud);
    const code = change.changed.has("code") || !olds["codeSha256"] ? await takeCode(news, cloud) : toPackage(fn, olds);
    const latest = toLatest(news, fn.arn, code.sha256);
    const isSame = latest.revision === fn.latest.revision;
    const next = { ...fn, latest, modifiedAt: isSame ? fn.modifiedAt : new Date().toISOString() };
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

/** Publishes where asked, keeps both records, and answers what the program can see. */
function save(fn: LambdaFunction, inputs: Attributes, code: CodePackage, cloud: Cloud): Resource {
  const reserved = inputs["reservedConcurrentExecutions"] as number | undefined;
  const { reservedConcurrency: _, ...rest } = fn;
  const kept: LambdaFunction = {
    ...rest,
    ...(reserved !== undefined && reserved >= 0 && { reservedConcurrency: reserved }),
  };
  const published = inputs["publish"] === true ? publish(kept) : kept;
  const attributes = { ...inputs, ...describeFunction(published, inputs, code) };
  functionsOf(cloud).put(fn.name, published);
  records(cloud).put(fn.name, { id: fn.name, attributes });
  cloud.functions.retire(fn.name, published.latest.revision);
  return { id: fn.name, attributes };
}

/** What an update leaves as it was: values that the service filled in. */
function unchanged({ olds, news }: Change): Attributes {
  const filled = ["architectures", "ephemeralStorage", "loggingConfig", "tracingConfig"];
  return Object.fromEntries(filled.filter((name) => news[name] === undefined).map((name) => [name, olds[name]]));
}
