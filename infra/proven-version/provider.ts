/** The dynamic provider of `ProvenVersion`, which the shim in the state hands over to. */
import type { dynamic } from "@pulumi/pulumi";
import { isDeepStrictEqual } from "node:util";
import * as v from "valibot";
import { clientConfigFor } from "../aws-client.ts";
import { type AwsSettings, readAwsSettings } from "../aws-settings.ts";
import { openEngineLog } from "../engine-log.ts";
import { readStoredCredentials } from "../stored-credentials.ts";
import { proveVersion, type Standing } from "./proof.ts";

const version = { versionArn: v.string(), version: v.string() };
const inputsSchema = v.union([
  v.object({
    ...version,
    probe: v.optional(v.literal("webhook")),
    proof: v.optional(v.string()),
    credentials: v.string(),
    botUserId: v.optional(v.string()),
  }),
  v.object({ ...version, probe: v.literal("queue") }),
]);
type Inputs = v.InferOutput<typeof inputsSchema>;
type Properties = Record<string, unknown>;

/** A version's code never changes, so what was proved stays proved; only another version is tested, or the same in another way. */
export async function diff(_id: string, olds: Properties, news: Properties): Promise<dynamic.DiffResult> {
  return { changes: !isDeepStrictEqual(comparedOf(olds), comparedOf(news)) };
}

/** A state may be from before there were probes, or from before a proof asked for refusals too. */
const comparedOf = ({ versionArn, probe = "webhook", proof }: Properties) => ({ versionArn, probe, proof });

export async function create(properties: Properties, config: dynamic.Config): Promise<dynamic.CreateResult> {
  const inputs = v.parse(inputsSchema, properties);
  await prove(inputs, readAwsSettings(config), "first");
  return { id: inputs.versionArn, outs: inputs };
}

export async function update(
  _id: string,
  olds: Properties,
  news: Properties,
  config: dynamic.Config,
): Promise<dynamic.UpdateResult> {
  const inputs = v.parse(inputsSchema, news);
  await prove(inputs, readAwsSettings(config), olds["versionArn"] === inputs.versionArn ? "live" : "next");
  return { outs: inputs };
}

async function prove(inputs: Inputs, aws: AwsSettings, standing: Standing): Promise<void> {
  const log = openEngineLog(process.argv[2]);
  const world = {
    readCredentials: (secretArn: string) => readStoredCredentials(secretArn, aws),
    invoke: (versionArn: string, payload: unknown) => invoke(versionArn, payload, aws),
    tell: (message: string) => log.info(message),
  };
  try {
    await proveVersion(world, inputs, standing);
  } finally {
    await log.close();
  }
}

async function invoke(versionArn: string, payload: unknown, aws: AwsSettings): Promise<unknown> {
  const clientConfig = clientConfigFor(versionArn, aws);
  const { InvokeCommand, LambdaClient } = await import("@aws-sdk/client-lambda");
  const client = new LambdaClient(clientConfig);
  try {
    const { Payload } = await client.send(
      new InvokeCommand({ FunctionName: versionArn, Payload: Buffer.from(JSON.stringify(payload)) }),
    );
    return JSON.parse(Payload?.transformToString() || "null");
  } finally {
    client.destroy();
  }
}
