import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import type { Agent } from "node:https";
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { zipSync } from "fflate";
import { onTestFinished } from "vitest";
import { startLocalAws } from "../../../local/aws/aws.ts";
import type { AwsTrace, LocalAws, LocalAwsOptions } from "../../../local/aws/aws.ts";
import { ProviderClient, toArchive } from "./provider-client.ts";
import type { Properties } from "./provider-client.ts";

export interface TestAws {
  aws: LocalAws;
  provider: ProviderClient;
  dataDir: string;
  traces: AwsTrace[];
  /** Stops it and starts another one on the same data. */
  restart(): Promise<TestAws>;
}

export async function createTempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "local-aws-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A configured local AWS for one test, gone when the test is. */
export async function createAws(options: Partial<LocalAwsOptions> = {}): Promise<TestAws> {
  const dataDir = options.dataDir ?? (await createTempFolder());
  const traces: AwsTrace[] = [];
  const aws = await startLocalAws({ dataDir, onTrace: (trace) => traces.push(trace), ...options });
  const provider = new ProviderClient(aws.providerPort);
  let closing: Promise<void> | undefined;
  const close = () => {
    provider.close();
    return (closing ??= aws.close());
  };
  onTestFinished(close);
  await provider.configure();
  return {
    aws,
    provider,
    dataDir,
    traces,
    async restart() {
      await close();
      return createAws({ ...options, dataDir });
    },
  };
}

/** A zip of these files, as an archive on the wire; `index.mjs` alone for a text. */
export async function createCode(files: string | Record<string, string>): Promise<Properties> {
  const contents = typeof files === "string" ? { "index.mjs": files } : files;
  const zip = zipSync(Object.fromEntries(Object.entries(contents).map(([name, text]) => [name, Buffer.from(text)])));
  const path = join(await createTempFolder(), "code.zip");
  await writeFile(path, zip);
  return toArchive(path, createHash("sha256").update(zip).digest("hex"));
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A real HTTPS request that trusts the local authority alone. */
export async function send(
  { aws }: TestAws,
  url: string,
  options: { method?: string; headers?: OutgoingHttpHeaders; body?: string | Uint8Array; agent?: Agent } = {},
): Promise<Answer> {
  const { method = "POST", headers = {}, body, agent } = options;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(url, { method, headers, ca: aws.certificateAuthority, agent: agent ?? false }, resolve);
    outgoing.on("error", reject).end(body);
  });
  return { status: response.statusCode ?? 0, headers: response.headers, body: (await buffer(response)).toString() };
}

export const TYPES = {
  alias: "aws:lambda/alias:Alias",
  api: "aws:apigatewayv2/api:Api",
  function: "aws:lambda/function:Function",
  integration: "aws:apigatewayv2/integration:Integration",
  logGroup: "aws:cloudwatch/logGroup:LogGroup",
  permission: "aws:lambda/permission:Permission",
  role: "aws:iam/role:Role",
  rolePolicy: "aws:iam/rolePolicy:RolePolicy",
  route: "aws:apigatewayv2/route:Route",
  secret: "aws:secretsmanager/secret:Secret",
  secretVersion: "aws:secretsmanager/secretVersion:SecretVersion",
  stage: "aws:apigatewayv2/stage:Stage",
};

const ROLE_ARN = "arn:aws:iam::000000000000:role/bot";

/** Inputs of a function around its code. */
export async function toFunctionInputs(
  code: string | Record<string, string>,
  more: Properties = {},
): Promise<Properties> {
  return {
    code: await createCode(code),
    handler: "index.handler",
    runtime: "nodejs24.x",
    role: ROLE_ARN,
    publish: true,
    ...more,
  };
}

export interface Api {
  url: string;
  apiId: string;
  functionName: string;
}

/** A function behind an alias behind `POST /webhook`, as the program deploys it. */
export async function createApi(
  { provider }: TestAws,
  code: string | Record<string, string>,
  more: { function?: Properties; stage?: Properties; permission?: Properties; routeKey?: string } = {},
): Promise<Api> {
  const { routeKey = "POST /webhook" } = more;
  const fn = await provider.create(TYPES.function, "receive", await toFunctionInputs(code, more.function));
  const alias = await provider.create(TYPES.alias, "live", {
    name: "live",
    functionName: fn.id,
    functionVersion: fn.outputs["version"],
  });
  const api = await provider.create(TYPES.api, "api", { protocolType: "HTTP" });
  const integration = await provider.create(TYPES.integration, "integration", {
    apiId: api.id,
    integrationType: "AWS_PROXY",
    integrationUri: alias.outputs["invokeArn"],
    payloadFormatVersion: "2.0",
  });
  await provider.create(TYPES.route, "route", { apiId: api.id, routeKey, target: `integrations/${integration.id}` });
  await provider.create(TYPES.stage, "stage", { apiId: api.id, name: "$default", autoDeploy: true, ...more.stage });
  await provider.create(TYPES.permission, "permission", {
    action: "lambda:InvokeFunction",
    function: fn.id,
    principal: "apigateway.amazonaws.com",
    qualifier: "live",
    sourceArn: `${String(api.outputs["executionArn"])}/$default/POST/webhook`,
    ...more.permission,
  });
  return { url: String(api.outputs["apiEndpoint"]), apiId: api.id, functionName: fn.id };
}
