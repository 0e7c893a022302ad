/**
 * What the `aws` provider calls for each resource type of the bot's program, and on what. AWS's own list of actions and
 * the resources that they can be limited to: https://docs.aws.amazon.com/service-authorization/latest/reference/
 */
export interface Need {
  /** Tokens of the resource types. */
  types: string[];
  /** To see what is there. */
  read?: string[];
  /** To make, change and delete it. */
  write?: string[];
  /** Patterns of ARNs without their partition, such as `lambda:function:{name}`, with the account and region implied. */
  on: Place[];
  condition?: "function" | "boundary" | "lambda" | "gateway" | "invoker";
}

/** ARNs: `{p}` partition, `{r}` region, `{a}` account, `{n}` names that begin as the program's do, `{s}` with the stack. */
export type Place = `arn:${string}` | "*";

const tags = (service: string) => [`${service}:TagResource`, `${service}:UntagResource`];

export const needs: Need[] = [
  {
    types: ["aws:lambda/function:Function", "aws:lambda/alias:Alias", "aws:lambda/permission:Permission"],
    read: [
      "lambda:GetAlias",
      "lambda:GetFunction",
      "lambda:GetFunctionCodeSigningConfig",
      "lambda:GetFunctionConfiguration",
      "lambda:GetPolicy",
      "lambda:ListTags",
      "lambda:ListVersionsByFunction",
    ],
    write: [
      "lambda:CreateAlias",
      "lambda:CreateFunction",
      "lambda:DeleteAlias",
      "lambda:DeleteFunction",
      "lambda:DeleteFunctionConcurrency",
      // A version shows that it works before it goes live.
      "lambda:InvokeFunction",
      "lambda:PublishVersion",
      "lambda:PutFunctionConcurrency",
      "lambda:RemovePermission",
      ...tags("lambda"),
      "lambda:UpdateAlias",
      "lambda:UpdateFunctionCode",
      "lambda:UpdateFunctionConfiguration",
    ],
    on: ["arn:{p}:lambda:{r}:{a}:function:{n}"],
  },
  {
    // Nobody but the API may be let in: a function is not made public.
    types: ["aws:lambda/permission:Permission"],
    write: ["lambda:AddPermission"],
    on: ["arn:{p}:lambda:{r}:{a}:function:{n}"],
    condition: "invoker",
  },
  {
    types: ["aws:lambda/eventSourceMapping:EventSourceMapping"],
    // A mapping's ARN is a number that AWS chooses.
    read: ["lambda:GetEventSourceMapping", "lambda:ListTags"],
    write: tags("lambda"),
    on: ["arn:{p}:lambda:{r}:{a}:event-source-mapping:*"],
  },
  {
    // The doctor looks for those of a function; AWS lists them for the account or not at all.
    types: ["aws:lambda/eventSourceMapping:EventSourceMapping"],
    read: ["lambda:ListEventSourceMappings"],
    on: ["*"],
  },
  {
    types: ["aws:lambda/eventSourceMapping:EventSourceMapping"],
    write: ["lambda:CreateEventSourceMapping", "lambda:DeleteEventSourceMapping", "lambda:UpdateEventSourceMapping"],
    on: ["*"],
    condition: "function",
  },
  {
    types: [
      "aws:apigatewayv2/api:Api",
      "aws:apigatewayv2/integration:Integration",
      "aws:apigatewayv2/route:Route",
      "aws:apigatewayv2/stage:Stage",
    ],
    read: ["apigateway:GET"],
    write: ["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"],
    // An API's ARN is an id that AWS chooses.
    on: ["arn:{p}:apigateway:{r}::/apis", "arn:{p}:apigateway:{r}::/apis/*", "arn:{p}:apigateway:{r}::/tags/*"],
  },
  {
    // A stage's access log is delivered in the caller's name; these know no resources.
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
    types: ["aws:apigatewayv2/stage:Stage"],
    read: ["logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries"],
    write: ["logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:PutResourcePolicy", "logs:UpdateLogDelivery"],
    on: ["*"],
  },
  {
    types: ["aws:apigatewayv2/api:Api"],
    write: ["iam:CreateServiceLinkedRole"],
    on: ["arn:{p}:iam::{a}:role/aws-service-role/ops.apigateway.amazonaws.com/*"],
    condition: "gateway",
  },
  {
    types: ["aws:secretsmanager/secret:Secret", "aws:secretsmanager/secretVersion:SecretVersion"],
    read: ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "secretsmanager:GetSecretValue"],
    write: [
      "secretsmanager:CreateSecret",
      "secretsmanager:DeleteSecret",
      "secretsmanager:PutSecretValue",
      ...tags("secretsmanager"),
      "secretsmanager:UpdateSecret",
      "secretsmanager:UpdateSecretVersionStage",
    ],
    on: ["arn:{p}:secretsmanager:{r}:{a}:secret:{n}"],
  },
  {
    types: ["aws:cloudwatch/logGroup:LogGroup", "aws:cloudwatch/logMetricFilter:LogMetricFilter"],
    read: ["logs:DescribeMetricFilters", "logs:ListTagsForResource"],
    write: [
      "logs:CreateLogGroup",
      "logs:DeleteLogGroup",
      "logs:DeleteMetricFilter",
      "logs:DeleteRetentionPolicy",
      "logs:PutMetricFilter",
      "logs:PutRetentionPolicy",
      ...tags("logs"),
    ],
    // Both with and without the streams, since AWS asks for either.
    on: ["arn:{p}:logs:{r}:{a}:log-group:{n}", "arn:{p}:logs:{r}:{a}:log-group:/aws/vendedlogs/{s}"],
  },
  {
    // A group is looked for in the list of all.
    types: ["aws:cloudwatch/logGroup:LogGroup", "aws:apigatewayv2/stage:Stage"],
    read: ["logs:DescribeLogGroups"],
    on: ["arn:{p}:logs:{r}:{a}:log-group:*"],
  },
  {
    types: ["aws:cloudwatch/metricAlarm:MetricAlarm"],
    read: ["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"],
    write: ["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm", ...tags("cloudwatch")],
    on: ["arn:{p}:cloudwatch:{r}:{a}:alarm:{n}"],
  },
  {
    types: ["aws:cloudwatch/dashboard:Dashboard"],
    read: ["cloudwatch:GetDashboard"],
    write: ["cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard"],
    on: ["arn:{p}:cloudwatch::{a}:dashboard/{n}"],
  },
  {
    types: ["aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"],
    read: [
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole",
      "iam:ListRolePolicies",
      "iam:ListRoleTags",
    ],
    write: [
      "iam:DeleteRole",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
      "iam:UpdateRoleDescription",
    ],
    on: ["arn:{p}:iam::{a}:role/{n}"],
  },
  {
    // Anyone who may write policies may do all: unless what the role can do at most is fixed.
    types: ["aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"],
    write: ["iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"],
    on: ["arn:{p}:iam::{a}:role/{n}"],
    condition: "boundary",
  },
  {
    types: ["aws:lambda/function:Function"],
    write: ["iam:PassRole"],
    on: ["arn:{p}:iam::{a}:role/{n}"],
    condition: "lambda",
  },
  {
    types: ["aws:sqs/queue:Queue", "aws:sqs/queuePolicy:QueuePolicy", "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"],
    read: ["sqs:GetQueueAttributes", "sqs:ListQueueTags"],
    write: ["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue"],
    on: ["arn:{p}:sqs:{r}:{a}:{n}"],
  },
  {
    types: ["aws:dynamodb/table:Table"],
    read: [
      "dynamodb:DescribeContinuousBackups",
      "dynamodb:DescribeTable",
      "dynamodb:DescribeTimeToLive",
      "dynamodb:ListTagsOfResource",
    ],
    write: [
      "dynamodb:CreateTable",
      "dynamodb:DeleteTable",
      ...tags("dynamodb"),
      "dynamodb:UpdateContinuousBackups",
      "dynamodb:UpdateTable",
      "dynamodb:UpdateTimeToLive",
    ],
    on: ["arn:{p}:dynamodb:{r}:{a}:table/{n}"],
  },
  {
    types: ["aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy", "aws:sns/topicSubscription:TopicSubscription"],
    read: ["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource"],
    write: ["sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:Subscribe", ...tags("sns")],
    on: ["arn:{p}:sns:{r}:{a}:{n}"],
  },
  {
    // A subscription is no resource that a policy could name.
    types: ["aws:sns/topicSubscription:TopicSubscription"],
    read: ["sns:GetSubscriptionAttributes"],
    write: ["sns:SetSubscriptionAttributes", "sns:Unsubscribe"],
    on: ["*"],
  },
];

/** What the bot's functions can be allowed at most: the boundary of every role that the program makes. */
export const functionNeeds: { actions: string[]; on: Place[] }[] = [
  { actions: ["logs:CreateLogStream", "logs:PutLogEvents"], on: ["arn:{p}:logs:{r}:{a}:log-group:{n}"] },
  { actions: ["secretsmanager:GetSecretValue"], on: ["arn:{p}:secretsmanager:{r}:{a}:secret:{n}"] },
  {
    actions: [
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:ReceiveMessage",
      "sqs:SendMessage",
    ],
    on: ["arn:{p}:sqs:{r}:{a}:{n}"],
  },
  {
    actions: ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
    on: ["arn:{p}:dynamodb:{r}:{a}:table/{n}"],
  },
  // X-Ray knows no resources.
  { actions: ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], on: ["*"] },
];
