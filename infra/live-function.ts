import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type Artifact, toLambdaHandler } from "./artifact.ts";
import { ProvenVersion, type Probe } from "./proven-version/resource.ts";

export interface ProvenFunctionArgs {
  description: string;
  artifact: pulumi.Input<Artifact>;
  /** The file among the artifact's sources that this function runs. */
  entry: string;
  /** How a version shows that it works: none goes live before. */
  probe: Probe;
  /** What the function may do, besides writing to its own log group. */
  grants: Grant[];
  environment: Record<string, pulumi.Input<string> | undefined>;
  /** What has to be there before the function can answer. */
  ready: pulumi.Resource[];
  memorySizeMb: number;
  timeoutSeconds: number;
  logRetentionDays: number;
  tracing: boolean;
  reservedConcurrency?: number | undefined;
}

export interface Grant {
  actions: string[];
  resource: pulumi.Input<string>;
  /** A policy as IAM writes it. Default: none. */
  condition?: Record<string, Record<string, pulumi.Input<string>>>;
}

/** A function whose newest version has proved to work, and is not called by anybody yet. */
export interface ProvenFunction {
  lambda: aws.lambda.Function;
  proven: ProvenVersion;
  logGroup: aws.cloudwatch.LogGroup;
  /** Without it the function may do nothing. */
  policy: aws.iam.RolePolicy;
}

export interface LiveFunction extends ProvenFunction {
  /** What others call: it moves to a version when that has proved to work. */
  alias: aws.lambda.Alias;
}

/** Where others call the function, whatever version that is at the moment. */
const liveAlias = "live";

/** A Lambda function with a role and a log group of its own. */
export function createProvenFunction(
  name: string,
  args: ProvenFunctionArgs,
  opts: pulumi.CustomResourceOptions,
): ProvenFunction {
  const logGroup = new aws.cloudwatch.LogGroup(name, { retentionInDays: args.logRetentionDays }, opts);
  const role = createRole(name, opts);
  const policy = grantLeast(name, role, [...args.grants, ...ownGrants(logGroup, args.tracing)], opts);
  const lambda = new aws.lambda.Function(
    name,
    {
      description: args.description,
      runtime: "nodejs24.x",
      architectures: ["arm64"],
      handler: toLambdaHandler(args.entry),
      code: pulumi.output(args.artifact).apply(({ path }) => new pulumi.asset.FileArchive(path)),
      role: role.arn,
      publish: true,
      memorySize: args.memorySizeMb,
      timeout: args.timeoutSeconds,
      ...(args.reservedConcurrency !== undefined && { reservedConcurrentExecutions: args.reservedConcurrency }),
      environment: { variables: withoutUndefined(args.environment) },
      loggingConfig: { logFormat: "JSON", logGroup: logGroup.name },
      ...(args.tracing && { tracingConfig: { mode: "Active" } }),
    },
    // The first invocation must find its permissions.
    { ...opts, dependsOn: [policy] },
  );
  const proven = new ProvenVersion(
    name,
    { versionArn: lambda.qualifiedArn, version: lambda.version, ...args.probe },
    { ...opts, dependsOn: args.ready },
  );
  return { lambda, proven, logGroup, policy };
}

/** Moves the alias to the version that has proved to work, when what it goes live `after` is there, too. */
export function goLive<Proven extends ProvenFunction>(
  name: string,
  candidate: Proven,
  after: pulumi.Resource[],
  opts: pulumi.CustomResourceOptions,
): Proven & LiveFunction {
  const alias = new aws.lambda.Alias(
    name,
    { name: liveAlias, functionName: candidate.lambda.name, functionVersion: candidate.proven.version },
    { ...opts, dependsOn: after },
  );
  return { ...candidate, alias };
}

function withoutUndefined(variables: ProvenFunctionArgs["environment"]): Record<string, pulumi.Input<string>> {
  const isSet = (entry: [string, pulumi.Input<string> | undefined]): entry is [string, pulumi.Input<string>] =>
    entry[1] !== undefined;
  return Object.fromEntries(Object.entries(variables).filter(isSet));
}

function createRole(name: string, opts: pulumi.CustomResourceOptions) {
  return new aws.iam.Role(
    name,
    {
      assumeRolePolicy: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
      }),
    },
    opts,
  );
}

function ownGrants(logGroup: aws.cloudwatch.LogGroup, tracing: boolean): Grant[] {
  const logs = {
    actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
    resource: pulumi.interpolate`${logGroup.arn}:*`,
  };
  // X-Ray has no resources to name: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
  const traces = { actions: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resource: "*" };
  return tracing ? [logs, traces] : [logs];
}

/** None of AWS's managed policies, which grant every log group. */
function grantLeast(name: string, role: aws.iam.Role, grants: Grant[], opts: pulumi.CustomResourceOptions) {
  const policy = pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: grants.map(({ actions, resource, condition }) => ({
      Effect: "Allow",
      Action: actions,
      Resource: resource,
      ...(condition && { Condition: condition }),
    })),
  });
  return new aws.iam.RolePolicy(name, { role: role.name, policy }, opts);
}
