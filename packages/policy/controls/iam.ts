import { type Control, forEach, forStack, unless, violation, without } from "../control.ts";
import { allows, checkPolicy, principalsOf } from "../policy-document.ts";
import { allOfType, type Lambda } from "../resources.ts";

const ownPolicy = "write what the function needs into a RolePolicy";

export const iamControls: Control[] = [
  forEach(
    {
      id: "iam-own-policy",
      area: "IAM",
      title: "What a role may do stands with the role: nothing is attached by its ARN",
      scanners: ["AwsSolutions-IAM4"],
    },
    "aws:iam/role:Role",
    ({ managedPolicyArns, inlinePolicies }) => unless(!managedPolicyArns?.length && !inlinePolicies?.length, ownPolicy),
  ),
  without(
    {
      id: "iam-no-managed-policies",
      area: "IAM",
      title: "No managed policy is attached: AWS's grant every log group, and one's own are shared",
      scanners: ["AwsSolutions-IAM4"],
    },
    ["aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/policyAttachment:PolicyAttachment"],
    ownPolicy,
  ),
  forEach(
    {
      id: "iam-service-trust",
      area: "IAM",
      title: "Only the Lambda service may assume a role",
      scanners: ["CKV_AWS_60", "CKV_AWS_61"],
    },
    "aws:iam/role:Role",
    ({ assumeRolePolicy }) =>
      checkPolicy(assumeRolePolicy, (statement) =>
        unless(
          !allows(statement) ||
            (principalsOf(statement).join() === "Service:lambda.amazonaws.com" &&
              statement.Action.join() === "sts:AssumeRole"),
          "let only lambda.amazonaws.com assume the role, by sts:AssumeRole",
        ),
      ),
  ),
  forStack(
    {
      id: "iam-role-per-function",
      area: "IAM",
      title: "Every function has a role of its own",
      scanners: [],
    },
    (stack) => {
      const lambdas = allOfType(stack, "aws:lambda/function:Function");
      const shares = ({ urn, props: { role } }: Lambda) =>
        lambdas.some((other) => other.urn !== urn && other.props.role === role);
      return lambdas.filter(shares).map((lambda) => violation(lambda, "give it a role of its own"));
    },
  ),
  without(
    {
      id: "iam-no-users",
      area: "IAM",
      title: "The stack makes no users and no access keys",
      scanners: ["CKV_AWS_273"],
    },
    ["aws:iam/user:User", "aws:iam/accessKey:AccessKey"],
    "take it away: functions have roles, people and pipelines assume one",
  ),
];
