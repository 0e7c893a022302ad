import { api } from "./apigatewayv2/api.ts";
import { integration } from "./apigatewayv2/integration.ts";
import { route } from "./apigatewayv2/route.ts";
import { stage } from "./apigatewayv2/stage.ts";
import type { ResourceType } from "./cloud.ts";
import { logGroup } from "./cloudwatch/log-group.ts";
import { policy } from "./iam/policy.ts";
import { rolePolicy } from "./iam/role-policy.ts";
import { rolePolicyAttachment } from "./iam/role-policy-attachment.ts";
import { role } from "./iam/role.ts";
import { alias } from "./lambda/alias.ts";
import { lambdaFunction } from "./lambda/function.ts";
import { permission } from "./lambda/permission.ts";
import { secretVersion } from "./secretsmanager/secret-version.ts";
import { secret } from "./secretsmanager/secret.ts";

/** What can be made here. The provider's table knows more types: it refuses to create those. */
export const resourceTypes: ResourceType[] = [
  alias,
  api,
  integration,
  lambdaFunction,
  logGroup,
  permission,
  policy,
  role,
  rolePolicy,
  rolePolicyAttachment,
  route,
  secret,
  secretVersion,
  stage,
];
