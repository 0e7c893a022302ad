import { accountId } from "./account.ts";

export const region = "ap-northeast-1";
export const own = (service: string, resource: string) => `arn:aws:${service}:${region}:${accountId}:${resource}`;
export const global = (service: string, resource: string) => `arn:aws:${service}::${accountId}:${resource}`;

/** What the provider does in the life of each resource, by type. */
export const life: [type: string, arn: string, reads: string, writes: string][] = [
  [
    "lambda/function:Function",
    own("lambda", "function:bot-1a2b3c4"),
    "GetFunction GetFunctionCodeSigningConfig GetFunctionConfiguration ListTags ListVersionsByFunction",
    "CreateFunction UpdateFunctionCode UpdateFunctionConfiguration PublishVersion TagResource UntagResource DeleteFunction PutFunctionConcurrency DeleteFunctionConcurrency InvokeFunction",
  ],
  ["lambda/alias:Alias", own("lambda", "function:bot-1a2b3c4"), "GetAlias", "CreateAlias UpdateAlias DeleteAlias"],
  // `AddPermission` and others that a condition limits have tests of their own.
  ["lambda/permission:Permission", own("lambda", "function:bot-1a2b3c4"), "GetPolicy", "RemovePermission"],
  [
    "lambda/eventSourceMapping:EventSourceMapping",
    own("lambda", "event-source-mapping:6d9b"),
    "GetEventSourceMapping ListTags",
    "TagResource UntagResource",
  ],
  ["lambda/eventSourceMapping:EventSourceMapping", "*", "lambda:ListEventSourceMappings", ""],
  ["apigatewayv2/api:Api", `arn:aws:apigateway:${region}::/apis`, "GET", "POST"],
  ["apigatewayv2/api:Api", `arn:aws:apigateway:${region}::/apis/a1b2c3`, "GET", "PATCH DELETE"],
  ["apigatewayv2/api:Api", `arn:aws:apigateway:${region}::/tags/arn%3Aaws%3Aapi`, "GET", "POST PUT DELETE"],
  [
    "apigatewayv2/integration:Integration",
    `arn:aws:apigateway:${region}::/apis/a1b2c3/integrations/i1`,
    "GET",
    "POST PATCH DELETE",
  ],
  ["apigatewayv2/route:Route", `arn:aws:apigateway:${region}::/apis/a1b2c3/routes/r1`, "GET", "POST PATCH DELETE"],
  [
    "apigatewayv2/stage:Stage",
    `arn:aws:apigateway:${region}::/apis/a1b2c3/stages/$default`,
    "GET",
    "POST PATCH DELETE",
  ],
  [
    "apigatewayv2/stage:Stage",
    "*",
    "logs:DescribeResourcePolicies logs:GetLogDelivery logs:ListLogDeliveries",
    "logs:CreateLogDelivery logs:UpdateLogDelivery logs:DeleteLogDelivery logs:PutResourcePolicy",
  ],
  [
    "secretsmanager/secret:Secret",
    own("secretsmanager", "secret:bot-1a2b3c4-AbCdEf"),
    "DescribeSecret GetResourcePolicy",
    "CreateSecret UpdateSecret TagResource UntagResource DeleteSecret",
  ],
  [
    "secretsmanager/secretVersion:SecretVersion",
    own("secretsmanager", "secret:bot-1a2b3c4-AbCdEf"),
    "GetSecretValue",
    "PutSecretValue UpdateSecretVersionStage",
  ],
  [
    "cloudwatch/logGroup:LogGroup",
    own("logs", "log-group:bot-access-1a2b3c4"),
    "DescribeLogGroups ListTagsForResource",
    "CreateLogGroup PutRetentionPolicy DeleteRetentionPolicy TagResource UntagResource DeleteLogGroup",
  ],
  [
    "cloudwatch/logMetricFilter:LogMetricFilter",
    own("logs", "log-group:bot-1a2b3c4:*"),
    "DescribeMetricFilters",
    "PutMetricFilter DeleteMetricFilter",
  ],
  [
    "cloudwatch/metricAlarm:MetricAlarm",
    own("cloudwatch", "alarm:bot-dead-letters-1a2b3c4"),
    "DescribeAlarms ListTagsForResource",
    "PutMetricAlarm DeleteAlarms TagResource UntagResource",
  ],
  [
    "cloudwatch/dashboard:Dashboard",
    global("cloudwatch", "dashboard/bot-1a2b3c4"),
    "GetDashboard",
    "PutDashboard DeleteDashboards",
  ],
  [
    "iam/role:Role",
    global("iam", "role/bot-worker-1a2b3c4"),
    "GetRole ListAttachedRolePolicies ListInstanceProfilesForRole ListRolePolicies ListRoleTags",
    "UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription TagRole UntagRole DeleteRole",
  ],
  ["iam/rolePolicy:RolePolicy", global("iam", "role/bot-worker-1a2b3c4"), "GetRolePolicy", ""],
  [
    "sqs/queue:Queue",
    own("sqs", "bot-events-1a2b3c4.fifo"),
    "GetQueueAttributes ListQueueTags",
    "CreateQueue SetQueueAttributes TagQueue UntagQueue DeleteQueue",
  ],
  ["sqs/queuePolicy:QueuePolicy", own("sqs", "bot-events-1a2b3c4.fifo"), "GetQueueAttributes", "SetQueueAttributes"],
  [
    "sqs/redriveAllowPolicy:RedriveAllowPolicy",
    own("sqs", "bot-dead-letters-1a2b3c4.fifo"),
    "GetQueueAttributes",
    "SetQueueAttributes",
  ],
  [
    "dynamodb/table:Table",
    own("dynamodb", "table/bot-events-1a2b3c4"),
    "DescribeTable DescribeTimeToLive DescribeContinuousBackups ListTagsOfResource",
    "CreateTable UpdateTable UpdateTimeToLive UpdateContinuousBackups TagResource UntagResource DeleteTable",
  ],
  [
    "sns/topic:Topic",
    own("sns", "bot-alarms-1a2b3c4"),
    "GetTopicAttributes ListTagsForResource",
    "CreateTopic SetTopicAttributes TagResource UntagResource DeleteTopic",
  ],
  ["sns/topicPolicy:TopicPolicy", own("sns", "bot-alarms-1a2b3c4"), "GetTopicAttributes", "SetTopicAttributes"],
  [
    "sns/topicSubscription:TopicSubscription",
    own("sns", "bot-alarms-1a2b3c4"),
    "ListSubscriptionsByTopic",
    "Subscribe",
  ],
  // A policy cannot name a subscription: what is done with one is allowed on all, or not at all.
  [
    "sns/topicSubscription:TopicSubscription",
    "*",
    "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes sns:Unsubscribe",
  ],
];

export const actionsOf = (arn: string, names: string) =>
  names === "" ? [] : names.split(" ").map((name) => (name.includes(":") ? name : `${arn.split(":")[2]}:${name}`));
