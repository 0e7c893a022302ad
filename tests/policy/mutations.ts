import { devChannel } from "@pulumi-line-bot/line-simulator/seed";
import type { MutableStack, Statement } from "./mutable-stack.ts";

/** What is done to a stack, and the one control that has to tell. */
export type Mutation = [control: string, what: string, mutate: (stack: MutableStack) => void];

const lambda = "lambda/function:Function";
const permission = "lambda/permission:Permission";
const stage = "apigatewayv2/stage:Stage";
const secret = "secretsmanager/secret:Secret";
const role = "iam/role:Role";
const rolePolicy = "iam/rolePolicy:RolePolicy";
const queue = "sqs/queue:Queue";
const queuePolicy = "sqs/queuePolicy:QueuePolicy";
const table = "dynamodb/table:Table";
const logGroup = "cloudwatch/logGroup:LogGroup";
const metricFilter = "cloudwatch/logMetricFilter:LogMetricFilter";
const metricAlarm = "cloudwatch/metricAlarm:MetricAlarm";
const topicPolicy = "sns/topicPolicy:TopicPolicy";

/** Looks like a channel secret, and is nobody's. */
const secretLike = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

const open = { Effect: "Allow", Principal: "*", Action: "sqs:SendMessage", Resource: "arn:aws:sqs:x:1:y" };
const openDocument = JSON.stringify({ Version: "2012-10-17", Statement: [open] });

/** Rewrites the statement of a role's policy that grants an action. */
const regrant = (name: string, action: string, rewrite: (statement: Statement) => void) => (stack: MutableStack) =>
  stack.edit(rolePolicy, name, "policy", ({ Statement }) => {
    const statement = Statement.find(({ Action }) => [Action ?? []].flat().includes(action));
    if (statement === undefined) throw new Error(`${name} does not grant ${action}`);
    rewrite(statement);
  });

const withoutAlarm =
  (name: string) =>
  (stack: MutableStack): void =>
    stack.remove(metricAlarm, name);

export const mutations: Mutation[] = [
  ["lambda-no-public-permission", "everybody may invoke", (stack) => stack.set(permission, "bot", { principal: "*" })],
  [
    "lambda-permission-for-the-route",
    "another path may invoke",
    (stack) => stack.set(permission, "bot", { sourceArn: `${stack.get(permission, "bot", "sourceArn")}/other` }),
  ],
  [
    "lambda-permission-for-the-route",
    "another API may invoke",
    (stack) =>
      stack.set(permission, "bot", {
        sourceArn: "arn:aws:execute-api:ap-northeast-1:000000000000:another/$default/POST/webhook",
      }),
  ],
  ["lambda-runtime", "an older Node", (stack) => stack.set(lambda, "bot", { runtime: "nodejs22.x" })],
  [
    "lambda-no-secrets-in-environment",
    "what looks like a secret in the environment",
    (stack) => stack.set(lambda, "bot-worker", { environment: { variables: { X: secretLike } } }),
  ],
  ["lambda-own-size", "AWS's memory size", (stack) => stack.set(lambda, "bot", { memorySize: 128 })],
  ["lambda-own-size", "AWS's timeout", (stack) => stack.set(lambda, "bot", { timeout: 3 })],
  [
    "lambda-receiver-timeout",
    "a receiver that may take 6 seconds",
    (stack) => stack.set(lambda, "bot", { timeout: 6 }),
  ],
  [
    "lambda-partial-batch-failures",
    "no report of a batch's failures",
    (stack) => stack.set("eventSourceMapping:EventSourceMapping", "bot-events", { functionResponseTypes: [] }),
  ],
  [
    "lambda-visibility-timeout",
    "messages seen again after 59 seconds",
    (stack) => stack.set(queue, "bot-events", { visibilityTimeoutSeconds: 59 }),
  ],
  ["lambda-no-function-url", "a function URL", (stack) => stack.add("lambda/functionUrl:FunctionUrl")],
  ["default-tags", "no tags", (stack) => stack.set(table, "bot-events", { tagsAll: undefined })],
  [
    "http-api-one-route",
    "a route for whatever comes",
    (stack) => stack.add("apigatewayv2/route:Route", { routeKey: "$default" }),
  ],
  [
    "http-api-one-route",
    "the route twice",
    (stack) => stack.add("apigatewayv2/route:Route", { routeKey: "POST /webhook" }),
  ],
  ["http-api-one-route", "a target of the API's own", (stack) => stack.set("api:Api", "bot", { target: "arn" })],
  [
    "http-api-no-cors",
    "calls from any page",
    (stack) => stack.set("api:Api", "bot", { corsConfiguration: { allowOrigins: ["*"] } }),
  ],
  ["http-api-access-log", "no access log", (stack) => stack.set(stage, "bot", { accessLogSettings: undefined })],
  [
    "http-api-access-log",
    "an access log that is not JSON",
    (stack) => stack.set(stage, "bot", { accessLogSettings: accessLog(stack, "$context.requestId $context.status") }),
  ],
  [
    "http-api-vended-access-log",
    "a group that the account's resource policy has to list",
    (stack) => {
      stack.set(logGroup, "bot-access", {
        name: "bot-access",
        arn: "arn:aws:logs:ap-northeast-1:000000000000:log-group:bot-access",
      });
      stack.set(stage, "bot", {
        accessLogSettings: {
          ...accessLog(stack, '{"status":"$context.status"}'),
          destinationArn: stack.get(logGroup, "bot-access", "arn"),
        },
      });
      stack.set(metricFilter, "bot-throttled-requests", { logGroupName: "bot-access" });
    },
  ],
  [
    "http-api-private-access-log",
    "the sender's address in the access log",
    (stack) => stack.set(stage, "bot", { accessLogSettings: accessLog(stack, '{"ip":"$context.identity.sourceIp"}') }),
  ],
  ["http-api-throttle", "the account's limit", (stack) => stack.set(stage, "bot", { defaultRouteSettings: undefined })],
  [
    "secret-not-public",
    "a secret for everybody",
    (stack) => stack.add("secretsmanager/secretPolicy:SecretPolicy", { policy: openDocument }),
  ],
  [
    "secret-recovery-window",
    "a week to have it back",
    (stack) => stack.set(secret, "bot", { recoveryWindowInDays: 7 }),
  ],
  [
    "secret-nowhere-else",
    "the channel secret in a description",
    (stack) => stack.set(lambda, "bot", { description: `for ${devChannel.channelSecret}` }),
  ],
  [
    "secret-nowhere-else",
    "what looks like a secret among the stack's outputs",
    (stack) => stack.set("pulumi:pulumi:Stack", "line-bot-prod", { output: secretLike }),
  ],
  [
    "iam-no-wildcards",
    "each action of a service",
    regrant("bot", "sqs:SendMessage", (statement) => (statement.Action = "sqs:*")),
  ],
  [
    "iam-no-wildcards",
    "each resource of a service",
    regrant("bot", "sqs:SendMessage", (statement) => (statement.Resource = "arn:aws:sqs:*:*:*")),
  ],
  [
    "iam-no-wildcards",
    "each action but one",
    (stack) =>
      stack.edit(rolePolicy, "bot", "policy", ({ Statement }) =>
        Statement.push({ Effect: "Allow", NotAction: "iam:*", Resource: stack.get(queue, "bot-events", "arn") }),
      ),
  ],
  [
    "iam-no-wildcards",
    "tracing and something else on whatever there is",
    (stack) =>
      stack.edit(rolePolicy, "bot", "policy", ({ Statement }) =>
        Statement.push({ Effect: "Allow", Action: ["xray:PutTraceSegments", "sqs:SendMessage"], Resource: "*" }),
      ),
  ],
  [
    "iam-least-actions",
    "a worker that reads the whole table",
    regrant("bot-worker", "dynamodb:GetItem", ({ Action }) => (Action as string[]).push("dynamodb:Scan")),
  ],
  [
    "iam-least-actions",
    "a receiver that reads the queue",
    regrant("bot", "sqs:SendMessage", (statement) => (statement.Action = ["sqs:SendMessage", "sqs:ReceiveMessage"])),
  ],
  [
    "iam-own-resources",
    "another stack's secret",
    regrant("bot", "secretsmanager:GetSecretValue", (statement) => {
      statement.Resource = "arn:aws:secretsmanager:ap-northeast-1:000000000000:secret:another-AbCdEf";
    }),
  ],
  [
    "iam-own-resources",
    "both queues",
    (stack) =>
      regrant("bot", "sqs:SendMessage", (statement) => {
        statement.Resource = [stack.get(queue, "bot-events", "arn"), stack.get(queue, "bot-dead-letters", "arn")];
      })(stack),
  ],
  [
    "iam-key-by-secrets-manager",
    "a key for whatever it encrypts",
    (stack) =>
      stack.edit(rolePolicy, "bot", "policy", ({ Statement }) =>
        Statement.push({
          Effect: "Allow",
          Action: "kms:Decrypt",
          Resource: "arn:aws:kms:ap-northeast-1:000000000000:key/6d5f1a40-1c4e-4a55-9d55-6a1a0f0c2b11",
        }),
      ),
  ],
  [
    "iam-own-policy",
    "AWS's policy among the role's",
    (stack) => stack.set(role, "bot", { managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] }),
  ],
  [
    "iam-no-managed-policies",
    "AWS's policy attached",
    (stack) => stack.add("iam/rolePolicyAttachment:RolePolicyAttachment"),
  ],
  [
    "iam-service-trust",
    "a role for everybody",
    (stack) =>
      stack.edit(role, "bot", "assumeRolePolicy", ({ Statement: [only] }) => {
        Object.assign(only ?? {}, { Principal: { AWS: "*" } });
      }),
  ],
  [
    "iam-role-per-function",
    "one role for both",
    (stack) => {
      stack.set(lambda, "bot-worker", { role: stack.get(lambda, "bot", "role") });
      stack.remove(rolePolicy, "bot-worker");
    },
  ],
  ["iam-no-users", "a user", (stack) => stack.add("iam/user:User")],
  [
    "sqs-encryption",
    "messages in the clear",
    (stack) => stack.set(queue, "bot-events", { sqsManagedSseEnabled: false }),
  ],
  ["sqs-redrive", "no way out for what fails", (stack) => stack.set(queue, "bot-events", { redrivePolicy: undefined })],
  [
    "sqs-redrive",
    "ten receives",
    (stack) =>
      stack.edit(queue, "bot-events", "redrivePolicy", (policy) => {
        policy.maxReceiveCount = 10;
      }),
  ],
  [
    "sqs-redrive-allow",
    "dead letters of any queue",
    (stack) => stack.remove("redriveAllowPolicy:RedriveAllowPolicy", "bot-dead-letters"),
  ],
  [
    "sqs-redrive-allow",
    "dead letters of all queues",
    (stack) =>
      stack.set("redriveAllowPolicy:RedriveAllowPolicy", "bot-dead-letters", {
        redriveAllowPolicy: '{"redrivePermission":"allowAll"}',
      }),
  ],
  [
    "sqs-dead-letter-retention",
    "dead letters for four days",
    (stack) => stack.set(queue, "bot-dead-letters", { messageRetentionSeconds: 345_600 }),
  ],
  ["sqs-tls-only", "a queue without a policy", (stack) => stack.remove(queuePolicy, "bot-dead-letters")],
  [
    "sqs-tls-only",
    "TLS for one action only",
    (stack) =>
      stack.edit(queuePolicy, "bot-events", "policy", ({ Statement: [only] }) => {
        Object.assign(only ?? {}, { Action: "sqs:SendMessage" });
      }),
  ],
  [
    "sqs-not-public",
    "a queue for everybody",
    (stack) => stack.edit(queuePolicy, "bot-events", "policy", ({ Statement }) => Statement.push(open)),
  ],
  ["dynamodb-on-demand", "a capacity", (stack) => stack.set(table, "bot-events", { billingMode: "PROVISIONED" })],
  ["dynamodb-ttl", "items for ever", (stack) => stack.set(table, "bot-events", { ttl: undefined })],
  [
    "dynamodb-deletion-protection",
    "a table that can be deleted",
    (stack) => stack.set(table, "bot-events", { deletionProtectionEnabled: false }),
  ],
  ["cloudwatch-retention", "a log for ever", (stack) => stack.set(logGroup, "bot", { retentionInDays: undefined })],
  [
    "cloudwatch-retention-of-a-year",
    "a log for a month",
    (stack) => stack.set(logGroup, "bot", { retentionInDays: 30 }),
  ],
  [
    "cloudwatch-own-log-group",
    "one log for both functions",
    (stack) => {
      const shared = stack.get(logGroup, "bot", "name");
      stack.set(lambda, "bot-worker", { loggingConfig: { logFormat: "JSON", logGroup: shared } });
      for (const filter of ["bot-unavailable-token", "bot-refused-answers"])
        stack.set(metricFilter, filter, { logGroupName: shared });
    },
  ],
  [
    "cloudwatch-alarm-actions",
    "an alarm that nobody hears",
    (stack) => stack.set(metricAlarm, "bot-late-events", { alarmActions: [] }),
  ],
  [
    "cloudwatch-alarm-actions",
    "an alarm that is switched off",
    (stack) => stack.set(metricAlarm, "bot-late-events", { actionsEnabled: false }),
  ],
  ["alarm-dead-letters", "no alarm", withoutAlarm("bot-dead-letters")],
  [
    "alarm-dead-letters",
    "an alarm on the tenth",
    (stack) => stack.set(metricAlarm, "bot-dead-letters", { threshold: 9 }),
  ],
  [
    "alarm-dead-letters",
    "an alarm on the other queue",
    (stack) =>
      stack.set(metricAlarm, "bot-dead-letters", { dimensions: { QueueName: stack.get(queue, "bot-events", "name") } }),
  ],
  ["alarm-late-events", "no alarm", withoutAlarm("bot-late-events")],
  ["alarm-webhook-failures", "no alarm", withoutAlarm("bot-webhook-failures")],
  ["alarm-unauthorized-requests", "no alarm", withoutAlarm("bot-unauthorized-requests")],
  ["alarm-unauthorized-requests", "nobody counts", (stack) => stack.remove(metricFilter, "bot-unauthorized-requests")],
  ["alarm-throttled-requests", "no alarm", withoutAlarm("bot-throttled-requests")],
  ["alarm-throttled-receiver", "no alarm", withoutAlarm("bot-throttled-receiver")],
  ["alarm-slow-receiver", "no alarm", withoutAlarm("bot-slow-receiver")],
  [
    "alarm-slow-receiver",
    "an alarm on the average",
    (stack) => stack.set(metricAlarm, "bot-slow-receiver", { statistic: "Average" }),
  ],
  ["alarm-worker-errors", "no alarm", withoutAlarm("bot-worker-errors")],
  ["alarm-unavailable-credentials", "no alarm", withoutAlarm("bot-unavailable-credentials")],
  ["alarm-unavailable-token", "no alarm", withoutAlarm("bot-unavailable-token")],
  [
    "alarm-unavailable-token",
    "other words than the worker writes",
    (stack) => stack.set(metricFilter, "bot-unavailable-token", { pattern: '{ $.message = "no token" }' }),
  ],
  ["alarm-refused-answers", "no alarm", withoutAlarm("bot-refused-answers")],
  ["alarm-unhandled-events", "no alarm", withoutAlarm("bot-unhandled-events")],
  [
    "alarm-unhandled-events",
    "some of the words that the receiver writes",
    (stack) => stack.set(metricFilter, "bot-unhandled-events", { pattern: '{ $.outcome = "malformed" }' }),
  ],
  [
    "sns-not-public",
    "a topic for everybody",
    (stack) => stack.edit(topicPolicy, "bot-alarms", "policy", ({ Statement }) => Statement.push(open)),
  ],
  [
    "sns-tls-only",
    "a topic without TLS",
    (stack) => stack.edit(topicPolicy, "bot-alarms", "policy", ({ Statement }) => Statement.pop()),
  ],
];

function accessLog(stack: MutableStack, format: string) {
  return { destinationArn: stack.get(logGroup, "bot-access", "arn"), format };
}
