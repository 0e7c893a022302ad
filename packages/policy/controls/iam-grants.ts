import { type Control, forEach, forStack, unless, violation } from "../control.ts";
import { allows, checkPolicy, type Statement, tryParsePolicy } from "../policy-document.ts";
import {
  allOfType,
  type AnyResource,
  findQueueReaders,
  findReceivers,
  type Lambda,
  type Resource,
} from "../resources.ts";

/** X-Ray has no resources to name: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html */
const tracingActions = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"];
/** What a function may do, by what it is for. Nothing more is granted to it. */
const commonActions = ["logs:CreateLogStream", "logs:PutLogEvents", "secretsmanager:GetSecretValue", ...tracingActions];
/** On a key of one's own that encrypts the secret. */
const decrypt = "kms:Decrypt";
const receiverActions = ["sqs:SendMessage"];
const workerActions = [
  "sqs:ReceiveMessage",
  "sqs:DeleteMessage",
  "sqs:GetQueueAttributes",
  "sqs:ChangeMessageVisibility",
  "dynamodb:GetItem",
  "dynamodb:PutItem",
  "dynamodb:UpdateItem",
  "dynamodb:DeleteItem",
];

export const iamGrantControls: Control[] = [
  forEach(
    {
      id: "iam-no-wildcards",
      area: "IAM",
      title: "No policy grants `*`: neither actions nor resources",
      scanners: [
        "SH IAM.1",
        "SH IAM.21",
        "CKV_AWS_62",
        "CKV_AWS_63",
        "CKV_AWS_286 to 290",
        "CKV_AWS_355",
        "AwsSolutions-IAM5",
        "Serverless-LambdaStarPermissions",
      ],
    },
    "aws:iam/rolePolicy:RolePolicy",
    ({ policy }) =>
      checkPolicy(policy, (statement) => [
        ...unless(!statement.Action.some(hasWildcard), "name each action in the policy, without `*`"),
        ...unless(
          isTracing(statement) || !statement.Resource.map(withoutStreams).some(hasWildcard),
          "name each resource in the policy by its ARN, without `*`",
        ),
      ]),
  ),
  forStack(
    {
      id: "iam-least-actions",
      area: "IAM",
      title: "A function's role allows what the function is for, action by action",
      scanners: ["AwsSolutions-IAM5", "Serverless-LambdaStarPermissions"],
    },
    (stack) =>
      policiesOf(stack).flatMap((policy) => {
        const needed = new Set([...commonActions, decrypt, ...actionsNeeded(stack, policy)]);
        const surplus = grantsOf(policy)
          .flatMap(({ Action }) => Action)
          .filter((action) => !needed.has(action) && !hasWildcard(action));
        return surplus.map((action) =>
          violation(policy, `take ${action} out of the policy: its function needs it for nothing`),
        );
      }),
  ),
  forStack(
    {
      id: "iam-own-resources",
      area: "IAM",
      title: "A policy names resources of this stack only, one for each action",
      scanners: ["CKV_AWS_286 to 290", "CKV_AWS_355", "AwsSolutions-IAM5"],
    },
    (stack) => {
      const own = new Set([...stack.map(({ props }) => props["arn"]), ...secretsGiven(stack)]);
      return policiesOf(stack).flatMap((policy) => {
        // `iam-no-wildcards` tells of the others.
        const grants = grantsOf(policy).map((grant) => ({ ...grant, Resource: namedResources(grant) }));
        // A key is somebody else's: `iam-key-by-secrets-manager` tells what for.
        const foreign = grants
          .filter(({ Action }) => !Action.includes(decrypt))
          .flatMap(({ Resource }) => Resource)
          .filter((arn) => !own.has(arn));
        const widened = [...resourcesByAction(grants)].filter(([, resources]) => resources.size > 1);
        return [
          ...foreign.map((arn) => violation(policy, `take ${arn}, which is not of this stack, out of the policy`)),
          ...widened.map(([action]) => violation(policy, `grant ${action} on one resource`)),
        ];
      });
    },
  ),
  forEach(
    {
      id: "iam-key-by-secrets-manager",
      area: "IAM",
      title: "A key of one's own is used to read the stack's secret, by way of Secrets Manager, and for nothing else",
      scanners: ["SH KMS.2"],
    },
    "aws:iam/rolePolicy:RolePolicy",
    ({ policy }) => {
      const secrets = new Set(
        statementsFor(policy, "secretsmanager:GetSecretValue").flatMap(({ Resource }) => Resource),
      );
      return statementsFor(policy, decrypt).flatMap(({ Action, Condition }) => {
        const { "kms:ViaService": via = [], "kms:EncryptionContext:SecretARN": of = [] } =
          Condition["StringEquals"] ?? {};
        return unless(
          Action.length === 1 &&
            via.length > 0 &&
            via.every((service) => service.startsWith("secretsmanager.")) &&
            of.length > 0 &&
            of.every((secret) => secrets.has(secret)),
          `grant ${decrypt} alone, under StringEquals of kms:ViaService and kms:EncryptionContext:SecretARN`,
        );
      });
    },
  ),
];

/** What a policy allows under which an action is. */
const statementsFor = (policy: unknown, action: string): Statement[] =>
  (tryParsePolicy(policy) ?? []).filter((statement) => allows(statement) && statement.Action.includes(action));

/** Both of a policy's wildcards. */
const hasWildcard = (text: string): boolean => /[*?]/.test(text);

/** The streams of a log group are named by nobody but Lambda: a grant on the group ends in `:*`. */
const withoutStreams = (arn: string): string => (/^arn:[^:]+:logs:/.test(arn) ? arn.replace(/:\*$/, "") : arn);

const namedResources = ({ Resource }: Statement): string[] =>
  Resource.map(withoutStreams).filter((arn) => !hasWildcard(arn));

const isTracing = ({ Action }: Statement): boolean => Action.every((action) => tracingActions.includes(action));

type RolePolicy = Resource<"aws:iam/rolePolicy:RolePolicy">;

const policiesOf = (stack: AnyResource[]): RolePolicy[] => allOfType(stack, "aws:iam/rolePolicy:RolePolicy");

/** `iam-no-wildcards` tells of a policy that cannot be read. */
const grantsOf = ({ props: { policy } }: RolePolicy): Statement[] => tryParsePolicy(policy)?.filter(allows) ?? [];

/** What the functions do that have the policy's role. */
function actionsNeeded(stack: AnyResource[], { props }: RolePolicy): string[] {
  const hasRole = ({ props: { role } }: Lambda) => role?.split("/").at(-1) === props.role;
  return [
    ...(findReceivers(stack).some(hasRole) ? receiverActions : []),
    ...(findQueueReaders(stack).some(({ lambda }) => hasRole(lambda)) ? workerActions : []),
  ];
}

function resourcesByAction(grants: Statement[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { Action, Resource } of grants) {
    for (const action of Action) found.set(action, new Set([...(found.get(action) ?? []), ...Resource]));
  }
  return found;
}

/** A secret that somebody else fills is named by the stack's configuration, and by what the functions are given. */
const secretsGiven = (stack: AnyResource[]): string[] =>
  allOfType(stack, "aws:lambda/function:Function").flatMap(
    ({ props: { environment } }) => environment?.variables?.["CREDENTIALS_SECRET_ARN"] ?? [],
  );
