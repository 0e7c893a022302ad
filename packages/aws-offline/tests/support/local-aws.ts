import { createHash } from "node:crypto";
import { EventEmitter } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request, type Agent } from "node:https";
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { zipSync } from "fflate";
import { beforeAll, onTestFinished } from "vitest";
import { startLocalAws, type AwsTrace, type LocalAws, type LocalAwsOptions } from "../../aws.ts";
import { ProviderClient, toArchive, type Made, type Properties } from "./provider-client.ts";

export interface TestAws {
  aws: LocalAws;
  provider: ProviderClient;
  dataDir: string;
  traces: AwsTrace[];
  /** Resolves with the first trace, past or to come, that fits. */
  waitForTrace: (fits: (trace: AwsTrace) => boolean) => Promise<AwsTrace>;
  close: () => Promise<void>;
}

/** A configured local AWS of a folder's data; its caller closes it. */
export async function openAws(options: LocalAwsOptions): Promise<TestAws> {
  const traces: AwsTrace[] = [];
  const seen = new EventEmitter();
  const onTrace = (trace: AwsTrace) => {
    traces.push(trace);
    seen.emit("trace", trace);
  };
  const aws = await startLocalAws({ onTrace, ...options });
  const provider = new ProviderClient(aws.providerPort);
  await provider.configure();
  let closing: Promise<void> | undefined;
  const close = async () => {
    provider.close();
    await aws.close();
  };
  return {
    aws,
    provider,
    dataDir: options.dataDir,
    traces,
    waitForTrace: (fits) =>
      new Promise((resolve) => {
        const past = traces.find(fits);
        if (past) return resolve(past);
        seen.on("trace", function look(trace: AwsTrace) {
          if (!fits(trace)) return;
          seen.off("trace", look);
          resolve(trace);
        });
      }),
    close: () => (closing ??= close()),
  };
}

/** The same for all tests of a file: to be called at its top. */
export function shareAws(options: Partial<LocalAwsOptions> = {}): TestAws {
  const shared = {} as TestAws;
  beforeAll(async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "local-aws-"));
    Object.assign(shared, await openAws({ ...options, dataDir }));
    return async () => {
      await shared.close();
      await rm(dataDir, { recursive: true });
    };
  });
  return shared;
}

/** One for a single test. */
export async function createAws(options: Partial<LocalAwsOptions> = {}): Promise<TestAws> {
  const dataDir = options.dataDir ?? (await createTempFolder());
  const opened = await openAws({ ...options, dataDir });
  onTestFinished(() => opened.close());
  return opened;
}

export async function createTempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "local-aws-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A zip of these files, as an archive on the wire; `index.mjs` alone for a text. */
export async function createCode(files: string | Record<string, string>): Promise<Properties> {
  const contents = typeof files === "string" ? { "index.mjs": files } : files;
  const zip = zipSync(Object.fromEntries(Object.entries(contents).map(([name, text]) => [name, Buffer.from(text)])));
  const hash = createHash("sha256").update(zip).digest("hex");
  const path = join(await createTempFolder(), "code.zip");
  await writeFile(path, zip);
  return toArchive(path, hash);
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

/** A role that Lambda may take, which may write logs and read secrets. */
export async function createRole(
  { provider }: TestAws,
  actions: string[] = ["logs:*", "secretsmanager:GetSecretValue"],
  more: Properties = {},
): Promise<Made> {
  const name = `bot-${++roles}`;
  const role = await provider.create(TYPES.role, name, {
    assumeRolePolicy: toPolicy({ Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }),
    ...more,
  });
  await provider.create(TYPES.rolePolicy, name, {
    role: role.id,
    policy: toPolicy({ Action: actions, Resource: "*" }),
  });
  return role;
}
let roles = 0;

export function toPolicy(statement: object): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
}

/** Inputs of a function around its code, and a role for it. */
export async function toFunctionInputs(
  aws: TestAws,
  code: string | Record<string, string>,
  more: Properties = {},
): Promise<Properties> {
  return {
    code: await createCode(code),
    handler: "index.handler",
    runtime: "nodejs24.x",
    // The queues of these tests hide a message for as long: what is slow here is the machine.
    timeout: 30,
    role: more["role"] ?? (await createRole(aws)).outputs["arn"],
    publish: true,
    ...more,
  };
}

export async function createFunction(
  aws: TestAws,
  code: string | Record<string, string>,
  more: Properties = {},
): Promise<Made> {
  const inputs = await toFunctionInputs(aws, code, more);
  return aws.provider.create(TYPES.function, `fn-${++functions}`, inputs);
}
let functions = 0;

export interface Api {
  url: string;
  api: Made;
  fn: Made;
  alias: Made;
  stage: Made;
  permission: Made;
  integration: Made;
}

/** A function behind an alias behind `POST /webhook`, as the program deploys it. */
export async function createApi(
  aws: TestAws,
  code: string | Record<string, string>,
  more: { fn?: Properties; stage?: Properties; permission?: Properties; integration?: Properties } = {},
): Promise<Api> {
  const { provider } = aws;
  const fn = await createFunction(aws, code, more.fn);
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
    ...more.integration,
  });
  await createRoute(aws, api, "POST /webhook", integration);
  const stage = await provider.create(TYPES.stage, "stage", {
    apiId: api.id,
    name: "$default",
    autoDeploy: true,
    ...more.stage,
  });
  const permission = await provider.create(TYPES.permission, `permission-${fn.id}`, {
    action: "lambda:InvokeFunction",
    function: fn.id,
    principal: "apigateway.amazonaws.com",
    qualifier: "live",
    sourceArn: `${String(api.outputs["executionArn"])}/*`,
    ...more.permission,
  });
  return { url: String(api.outputs["apiEndpoint"]), api, fn, alias, stage, permission, integration };
}

export async function createRoute(
  { provider }: TestAws,
  api: Made,
  routeKey: string,
  integration: Made,
): Promise<Made> {
  const target = `integrations/${integration.id}`;
  return provider.create(TYPES.route, routeKey, { apiId: api.id, routeKey, target });
}
