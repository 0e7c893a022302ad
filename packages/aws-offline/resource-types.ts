import { api } from "./apigatewayv2/api.ts";
import { integration } from "./apigatewayv2/integration.ts";
import { route } from "./apigatewayv2/route.ts";
import { stage } from "./apigatewayv2/stage.ts";
import type { ResourceType } from "./cloud.ts";
import { dashboard } from "./cloudwatch/dashboard.ts";
import { logGroup } from "./cloudwatch/log-group.ts";
import { metricAlarm } from "./cloudwatch/metric-alarm.ts";
import { metricFilter } from "./cloudwatch/metric-filter.ts";
import { table } from "./dynamodb/table.ts";
import { openIdConnectProvider } from "./iam/open-id-connect-provider.ts";
import { policy } from "./iam/policy.ts";
import { rolePolicy } from "./iam/role-policy.ts";
import { rolePolicyAttachment } from "./iam/role-policy-attachment.ts";
import { role } from "./iam/role.ts";
import { keyAlias } from "./kms/alias.ts";
import { key } from "./kms/key.ts";
import { alias } from "./lambda/alias.ts";
import { eventSourceMapping } from "./lambda/event-source-mapping.ts";
import { lambdaFunction } from "./lambda/function.ts";
import { permission } from "./lambda/permission.ts";
import { bucketSettings } from "./s3/bucket-settings.ts";
import { bucket } from "./s3/bucket.ts";
import { secretVersion } from "./secretsmanager/secret-version.ts";
import { secret } from "./secretsmanager/secret.ts";
import { topicPolicy } from "./sns/topic-policy.ts";
import { topicSubscription } from "./sns/topic-subscription.ts";
import { topic } from "./sns/topic.ts";
import { queuePolicy, redriveAllowPolicy, redrivePolicy } from "./sqs/queue-setting.ts";
import { queue } from "./sqs/queue.ts";

/** What can be made here. The provider's table knows more types: it refuses to create those. */
export const resourceTypes: ResourceType[] = [
  alias,
  api,
  bucket,
  ...bucketSettings,
  dashboard,
  eventSourceMapping,
  integration,
  key,
  keyAlias,
  lambdaFunction,
  logGroup,
  metricAlarm,
  metricFilter,
  openIdConnectProvider,
  permission,
  policy,
  queue,
  queuePolicy,
  redriveAllowPolicy,
  redrivePolicy,
  role,
  rolePolicy,
  rolePolicyAttachment,
  route,
  secret,
  secretVersion,
  stage,
  table,
  topic,
  topicPolicy,
  topicSubscription,
];
