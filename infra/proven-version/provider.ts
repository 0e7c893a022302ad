/** The dynamic provider of `ProvenVersion`, which the shim in the state hands over to. */
import type { dynamic } from "@pulumi/pulumi";
import * as v from "valibot";
import { sign, signatureHeader } from "../../line/signature.ts";
import { type AwsSettings, clientConfigFor, readAwsSettings } from "../aws-client.ts";
import { readStoredCredentials } from "../stored-credentials.ts";

const inputsSchema = v.object({
  versionArn: v.string(),
  version: v.string(),
  credentials: v.string(),
  botUserId: v.optional(v.string()),
});
type Inputs = v.InferOutput<typeof inputsSchema>;
type Properties = Record<string, unknown>;

/** A version's code never changes, so what was proved stays proved; only another version is tested. */
export async function diff(_id: string, olds: Properties, news: Properties): Promise<dynamic.DiffResult> {
  return { changes: olds["versionArn"] !== news["versionArn"] };
}

export async function create(properties: Properties, config: dynamic.Config): Promise<dynamic.CreateResult> {
  const inputs = v.parse(inputsSchema, properties);
  await prove(inputs, readAwsSettings(config));
  return { id: inputs.versionArn, outs: inputs };
}

export async function update(
  _id: string,
  _olds: Properties,
  news: Properties,
  config: dynamic.Config,
): Promise<dynamic.UpdateResult> {
  const inputs = v.parse(inputsSchema, news);
  await prove(inputs, readAwsSettings(config));
  return { outs: inputs };
}

async function prove(inputs: Inputs, aws: AwsSettings): Promise<void> {
  const { channelSecret } = await readStoredCredentials(inputs.credentials, aws);
  const answer = await invoke(inputs.versionArn, emptyWebhook(channelSecret, inputs.botUserId), aws);
  const status = v.safeParse(v.object({ statusCode: v.number() }), answer);
  if (status.success && status.output.statusCode === 200) return;
  throw new Error(
    `Version ${inputs.version} of the function does not answer LINE's empty, signed webhook with 200 but with ${describe(answer)}. ` +
      "The live version was not changed. The function's log group has the rest.",
  );
}

/** What LINE sends to verify an endpoint, in the gateway's form. */
function emptyWebhook(channelSecret: string, botUserId = `U${"0".repeat(32)}`) {
  const body = JSON.stringify({ destination: botUserId, events: [] });
  return {
    version: "2.0",
    routeKey: "POST /webhook",
    rawPath: "/webhook",
    rawQueryString: "",
    headers: { "content-type": "application/json; charset=utf-8", [signatureHeader]: sign(body, channelSecret) },
    requestContext: { requestId: "proof", http: { method: "POST", path: "/webhook" } },
    body,
    isBase64Encoded: false,
  };
}

async function invoke(versionArn: string, payload: unknown, aws: AwsSettings): Promise<unknown> {
  const { InvokeCommand, LambdaClient } = await import("@aws-sdk/client-lambda");
  const client = new LambdaClient(clientConfigFor(versionArn, aws));
  try {
    const { Payload } = await client.send(
      new InvokeCommand({ FunctionName: versionArn, Payload: Buffer.from(JSON.stringify(payload)) }),
    );
    return JSON.parse(Payload?.transformToString() || "null");
  } finally {
    client.destroy();
  }
}

const failure = v.object({ errorType: v.optional(v.string()), errorMessage: v.string() });

function describe(answer: unknown): string {
  const failed = v.safeParse(failure, answer);
  if (failed.success) return `${failed.output.errorType ?? "Error"}: ${failed.output.errorMessage}`;
  return JSON.stringify(answer).slice(0, 200);
}
