/** A bot's backend as the project's own program has it, in small: what the library of changes edits. */
import { SIGNATURE, SIGNATURES } from "@pulumi-line-bot/pulumi-engine/values/properties";
import type { PropertyMap } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import type { DeclaredProgram } from "./program.ts";

export const archive = (hash: string): PropertyMap => ({
  [SIGNATURE]: SIGNATURES.archive,
  path: "../.artifacts/bot.zip",
  hash: hash.repeat(64).slice(0, 64),
});

const assumedByLambda = {
  json: {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
  },
};

const webhook = "pulumi-nodejs:dynamic/line:LineChannelWebhook";
const proven = "pulumi-nodejs:dynamic/line:ProvenVersion";

function functionOf(name: string, handler: string, variables: PropertyMap): DeclaredProgram["resources"] {
  return {
    [`LogGroup ${name}`]: { type: "aws:cloudwatch/logGroup:LogGroup", inputs: { retentionInDays: 365 } },
    [`Role ${name}`]: { type: "aws:iam/role:Role", inputs: { assumeRolePolicy: assumedByLambda } },
    [`RolePolicy ${name}`]: {
      type: "aws:iam/rolePolicy:RolePolicy",
      inputs: {
        role: `\${Role ${name}.name}`,
        policy: {
          json: {
            Version: "2012-10-17",
            Statement: [
              {
                Effect: "Allow",
                Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
                Resource: `\${LogGroup ${name}.arn}:*`,
              },
              { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: "${Secret bot.arn}" },
              {
                Effect: "Allow",
                Action: name === "bot" ? "sqs:SendMessage" : ["sqs:ReceiveMessage", "sqs:DeleteMessage"],
                Resource: "${Queue events.arn}",
              },
            ],
          },
        },
      },
    },
    [`Function ${name}`]: {
      type: "aws:lambda/function:Function",
      inputs: {
        description: `Part ${name} of a LINE bot`,
        runtime: "nodejs24.x",
        architectures: ["arm64"],
        handler,
        code: archive("a"),
        role: `\${Role ${name}.arn}`,
        publish: true,
        memorySize: 512,
        timeout: 10,
        environment: { variables: { CREDENTIALS_SECRET_ARN: "${Secret bot.arn}", ...variables } },
        loggingConfig: { logFormat: "JSON", logGroup: `\${LogGroup ${name}.name}` },
      },
    },
    [`ProvenVersion ${name}`]: {
      type: proven,
      inputs: {
        versionArn: `\${Function ${name}.qualifiedArn}`,
        version: `\${Function ${name}.version}`,
        credentials: "${Secret bot.arn}",
        __provider: "exports.handler = …",
      },
    },
    [`Alias ${name}`]: {
      type: "aws:lambda/alias:Alias",
      inputs: {
        name: "live",
        functionName: `\${Function ${name}.name}`,
        functionVersion: `\${ProvenVersion ${name}.version}`,
      },
    },
  };
}

/** Afresh each time: edits change it. */
export function botProgram(): DeclaredProgram {
  return {
    resources: {
      "Secret bot": {
        type: "aws:secretsmanager/secret:Secret",
        inputs: { description: "Credentials of a LINE channel", recoveryWindowInDays: 30 },
        protect: true,
      },
      "SecretVersion bot": {
        type: "aws:secretsmanager/secretVersion:SecretVersion",
        inputs: {
          secretId: "${Secret bot.arn}",
          secretString: {
            secret: { json: { channelId: "2000000001", channelSecret: "0123456789abcdef0123456789abcdef" } },
          },
        },
      },
      "Queue dead": { type: "aws:sqs/queue:Queue", inputs: { messageRetentionSeconds: 1_209_600 } },
      "Queue events": {
        type: "aws:sqs/queue:Queue",
        inputs: {
          visibilityTimeoutSeconds: 60,
          messageRetentionSeconds: 345_600,
          redrivePolicy: { json: { deadLetterTargetArn: "${Queue dead.arn}", maxReceiveCount: 5 } },
        },
      },
      "Table done": {
        type: "aws:dynamodb/table:Table",
        inputs: {
          hashKey: "id",
          attributes: [{ name: "id", type: "S" }],
          billingMode: "PAY_PER_REQUEST",
          ttl: { attributeName: "expiration", enabled: true },
          pointInTimeRecovery: { enabled: true },
        },
      },
      ...functionOf("bot", "webhook.handler", {
        LINE_API_URL: "https://api.line.me",
        QUEUE_URL: "${Queue events.url}",
      }),
      ...functionOf("worker", "worker.handler", { LINE_API_URL: "https://api.line.me", TABLE: "${Table done.name}" }),
      "EventSourceMapping worker": {
        type: "aws:lambda/eventSourceMapping:EventSourceMapping",
        inputs: {
          eventSourceArn: "${Queue events.arn}",
          functionName: "${Alias worker.arn}",
          batchSize: 10,
          functionResponseTypes: ["ReportBatchItemFailures"],
        },
      },
      "Api bot": {
        type: "aws:apigatewayv2/api:Api",
        inputs: { description: "The webhook of a LINE channel", protocolType: "HTTP" },
        protect: true,
      },
      "Integration bot": {
        type: "aws:apigatewayv2/integration:Integration",
        inputs: {
          apiId: "${Api bot.id}",
          integrationType: "AWS_PROXY",
          integrationUri: "${Alias bot.invokeArn}",
          payloadFormatVersion: "2.0",
        },
      },
      "Route bot": {
        type: "aws:apigatewayv2/route:Route",
        inputs: {
          apiId: "${Api bot.id}",
          routeKey: "POST /webhook",
          authorizationType: "NONE",
          target: "integrations/${Integration bot.id}",
        },
      },
      "LogGroup bot-access": { type: "aws:cloudwatch/logGroup:LogGroup", inputs: { retentionInDays: 365 } },
      "Stage bot": {
        type: "aws:apigatewayv2/stage:Stage",
        inputs: {
          apiId: "${Api bot.id}",
          name: "$default",
          autoDeploy: true,
          accessLogSettings: {
            destinationArn: "${LogGroup bot-access.arn}",
            format: { json: { requestId: "$context.requestId", status: "$context.status" } },
          },
          defaultRouteSettings: { throttlingRateLimit: 500, throttlingBurstLimit: 1000 },
        },
      },
      "Permission bot": {
        type: "aws:lambda/permission:Permission",
        inputs: {
          action: "lambda:InvokeFunction",
          principal: "apigateway.amazonaws.com",
          function: "${Function bot.name}",
          qualifier: "${Alias bot.name}",
          sourceArn: "${Api bot.executionArn}/${Stage bot.name}/POST/webhook",
        },
      },
      "Topic alarms": { type: "aws:sns/topic:Topic", inputs: {} },
      "MetricAlarm dead": {
        type: "aws:cloudwatch/metricAlarm:MetricAlarm",
        inputs: {
          alarmDescription: "Events that nobody could work on",
          namespace: "AWS/SQS",
          metricName: "ApproximateNumberOfMessagesVisible",
          dimensions: { QueueName: "${Queue dead.name}" },
          statistic: "Maximum",
          period: 60,
          evaluationPeriods: 1,
          threshold: 0,
          comparisonOperator: "GreaterThanThreshold",
          alarmActions: ["${Topic alarms.arn}"],
        },
      },
      "LineChannelWebhook bot": {
        type: webhook,
        inputs: {
          endpoint: "${Api bot.apiEndpoint}/webhook",
          credentials: "${Secret bot.arn}",
          artifact: "a".repeat(64),
          apiUrl: "https://api.line.me",
          __provider: "exports.handler = …",
        },
      },
    },
    outputs: {
      webhookUrl: "${Api bot.apiEndpoint}/webhook",
      functionName: "${Function bot.name}",
      functionVersion: "${Alias bot.functionVersion}",
      artifactSha256: "a".repeat(64),
    },
  };
}

/** Settings as `Pulumi.prod.yaml` would have them. */
export const botSettings = (): Record<string, unknown> => ({
  "aws:region": "ap-northeast-1",
  "aws:allowedAccountIds": ["111122223333"],
  "aws:defaultTags": { tags: { Project: "bot", Stack: "prod" } },
  "line:channelId": "2000000001",
  "line:channelSecret": { secure: "v1:AAAAAAAAAAAAAAAA:c2VjcmV0c2VjcmV0c2VjcmV0" },
});
