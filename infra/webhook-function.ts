import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type Artifact, lambdaHandler } from "./artifact.ts";
import { ProvenVersion } from "./proven-version/resource.ts";

export interface WebhookFunctionArgs {
  artifact: pulumi.Input<Artifact>;
  credentialsSecretArn: pulumi.Input<string>;
  apiUrl: string;
  /** Of the bot that the function works for, where it is known: it leaves another bot's events alone. */
  botUserId: string | undefined;
  /** What has to be there before the function can answer. */
  ready: pulumi.Resource[];
  memorySizeMb: number;
  timeoutSeconds: number;
  logRetentionDays: number;
  logErrorMessages: boolean;
  reservedConcurrency: number | undefined;
}

/** Where the API calls, whatever version that is at the moment. */
const liveAlias = "live";

/** The Lambda function with a role, a log group, and an alias that moves to a version when that has proved to answer. */
export function createWebhookFunction(name: string, args: WebhookFunctionArgs, opts: pulumi.CustomResourceOptions) {
  const logGroup = new aws.cloudwatch.LogGroup(name, { retentionInDays: args.logRetentionDays }, opts);
  const role = createRole(name, opts);
  const policy = grantLeast(name, { role, logGroup, credentialsSecretArn: args.credentialsSecretArn }, opts);
  const lambda = new aws.lambda.Function(
    name,
    {
      description: "Answers the webhook of a LINE channel",
      runtime: "nodejs24.x",
      architectures: ["arm64"],
      handler: lambdaHandler,
      code: pulumi.output(args.artifact).apply(({ path }) => new pulumi.asset.FileArchive(path)),
      role: role.arn,
      publish: true,
      memorySize: args.memorySizeMb,
      timeout: args.timeoutSeconds,
      ...(args.reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: args.reservedConcurrency }),
      environment: {
        variables: {
          CREDENTIALS_SECRET_ARN: args.credentialsSecretArn,
          LINE_API_URL: args.apiUrl,
          ...(args.logErrorMessages ? { LOG_ERROR_MESSAGES: "true" } : {}),
          ...(args.botUserId === undefined ? {} : { LINE_BOT_USER_ID: args.botUserId }),
        },
      },
      loggingConfig: { logFormat: "JSON", logGroup: logGroup.name },
    },
    // The first invocation must find its permissions.
    { ...opts, dependsOn: [policy] },
  );
  const proven = new ProvenVersion(
    name,
    {
      versionArn: lambda.qualifiedArn,
      version: lambda.version,
      credentials: args.credentialsSecretArn,
      botUserId: args.botUserId,
    },
    { ...opts, dependsOn: args.ready },
  );
  const alias = new aws.lambda.Alias(
    name,
    { name: liveAlias, functionName: lambda.name, functionVersion: proven.version },
    opts,
  );
  return { lambda, alias, logGroup };
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

/** Its own log streams and its one secret; none of AWS's managed policies, which grant every log group. */
function grantLeast(
  name: string,
  to: { role: aws.iam.Role; logGroup: aws.cloudwatch.LogGroup; credentialsSecretArn: pulumi.Input<string> },
  opts: pulumi.CustomResourceOptions,
) {
  const policy = pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: pulumi.interpolate`${to.logGroup.arn}:*`,
      },
      { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: to.credentialsSecretArn },
    ],
  });
  return new aws.iam.RolePolicy(name, { role: to.role.name, policy }, opts);
}
