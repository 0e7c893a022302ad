import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { dnsSuffixOf } from "@pulumi-line-bot/kit/partition";
import type { AccountConfig } from "./config.ts";
import { functionNeeds, type Need, needs, type Place } from "./needs.ts";
import { type PolicyStatement, toPolicy } from "./policy.ts";
import { stateBucketName } from "./state-bucket.ts";

/** Policies by name. IAM limits all of a role's policies together, to 10,240 characters. */
export type Policies = Record<string, PolicyStatement[]>;

/** Reads the state and what is deployed, and writes nothing: a preview takes no lock. */
export function previewPermissions(config: AccountConfig, keyArn: pulumi.Input<string>): Policies {
  return {
    see: [
      ...needed(["read"], config),
      ...readForeignSecret(config, listVersions),
      ...useCredentialsKey(config, ["kms:Decrypt"]),
    ],
    state: [...readState(config, keyArn, ["kms:Decrypt"]), noOtherStack(config)],
  };
}

/** Reads it too, writes it, and makes what the program asks for. */
export function deployPermissions(
  config: AccountConfig,
  keyArn: pulumi.Input<string>,
  boundaryArn: pulumi.Input<string>,
): Policies {
  return {
    change: [
      ...needed(["read", "write"], config, boundaryArn),
      ...readForeignSecret(config, listVersions),
      ...useCredentialsKey(config, ["kms:Decrypt", "kms:GenerateDataKey"]),
    ],
    state: [
      ...readState(config, keyArn, ["kms:Decrypt", "kms:Encrypt"]),
      {
        Sid: "WriteState",
        Effect: "Allow",
        Action: ["s3:DeleteObject", "s3:PutObject"],
        Resource: ownStateObjects(config),
      },
      noOtherStack(config),
    ],
  };
}

/** What a role that the program makes can do at most, whatever its own policies say. */
export function createBoundary(config: AccountConfig): aws.iam.Policy {
  const statements = functionNeeds.map(({ actions, on }, index): PolicyStatement => {
    const resources = on.flatMap((place) => toArns(place, config));
    return { Sid: `Function${index}`, Effect: "Allow", Action: actions, Resource: resources };
  });
  return new aws.iam.Policy("boundary", {
    name: `${config.project}-${config.stack}-boundary`,
    description: `The most that functions of the Pulumi stack ${config.project}/${config.stack} may do`,
    policy: toPolicy([
      ...statements,
      ...readForeignSecret(config),
      ...useCredentialsKey(config, ["kms:Decrypt"]),
      noOtherStack(config),
    ]),
  });
}

/** Joins the table's rows that stand on the same resources, for a role's policies may not be long. */
function needed(
  sides: ("read" | "write")[],
  config: AccountConfig,
  boundaryArn?: pulumi.Input<string>,
): PolicyStatement[] {
  return needs.flatMap((need, index) => {
    const actions = sides.flatMap((side) => need[side] ?? []);
    if (actions.length === 0) return [];
    const condition = need.condition && conditions[need.condition](config, boundaryArn);
    return {
      Sid: `Need${index}`,
      Effect: "Allow",
      Action: actions,
      Resource: need.on.flatMap((place) => toArns(place, config)),
      ...(condition && { Condition: condition }),
    };
  });
}

type ToCondition = (
  config: AccountConfig,
  boundaryArn: pulumi.Input<string> | undefined,
) => NonNullable<PolicyStatement["Condition"]>;

const conditions: Record<NonNullable<Need["condition"]>, ToCondition> = {
  function: (config) => ({
    ArnLike: { "lambda:FunctionArn": toArns("arn:{p}:lambda:{r}:{a}:function:{n}", config) },
  }),
  boundary: (_config, boundaryArn = "") => ({ StringEquals: { "iam:PermissionsBoundary": boundaryArn } }),
  lambda: () => ({ StringEquals: { "iam:PassedToService": "lambda.amazonaws.com" } }),
  invoker: () => ({ StringEquals: { "lambda:Principal": "apigateway.amazonaws.com" } }),
  gateway: () => ({ StringEquals: { "iam:AWSServiceName": "ops.apigateway.amazonaws.com" } }),
};

/** Names carry the stack; those of resources that were made before names did begin with the prefix alone. */
function toArns(place: Place, { account, prefix, project, stack }: AccountConfig): string[] {
  // Not all that begins with the stack: so do the account's own roles.
  const s = `${project}-${stack}-${prefix}-*`;
  const names = place.includes("{n}") ? [s, `${prefix}-*`] : [s];
  return names.map((n) => {
    const values: Record<string, string> = { p: account.partition, r: account.region, a: account.id, n, s };
    return place.replaceAll(/\{(\w)\}/g, (_, name: string) => values[name] ?? "");
  });
}

const toBucketArn = ({ account }: AccountConfig) => `arn:${account.partition}:s3:::${stateBucketName(account)}`;

/** Where Pulumi's S3 backend keeps what is one stack's: checkpoint, lock, history and backups. */
function ownStateObjects(config: AccountConfig): string[] {
  const { project, stack } = config;
  const own = `${project}/${stack}`;
  const paths = [`stacks/${own}.*`, `locks/organization/${own}/*`, `history/${own}/*`, `backups/${own}/*`];
  return paths.map((path) => `${toBucketArn(config)}/.pulumi/${path}`);
}

function readState(
  config: AccountConfig,
  keyArn: pulumi.Input<string>,
  key: ("kms:Decrypt" | "kms:Encrypt")[],
): PolicyStatement[] {
  const bucket = toBucketArn(config);
  return [
    { Sid: "FindState", Effect: "Allow", Action: ["s3:ListBucket"], Resource: [bucket] },
    {
      Sid: "ReadState",
      Effect: "Allow",
      Action: ["s3:GetObject"],
      Resource: [`${bucket}/.pulumi/meta.yaml`, ...ownStateObjects(config)],
    },
    { Sid: "UseSecretsKey", Effect: "Allow", Action: [...key, "kms:DescribeKey"], Resource: [keyArn] },
  ];
}

/** Which version of a secret that somebody else fills is current. */
const listVersions = ["secretsmanager:ListSecretVersionIds"];

function readForeignSecret({ credentialsSecret }: AccountConfig, more: string[] = []): PolicyStatement[] {
  if (credentialsSecret === undefined) return [];
  const Action = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", ...more];
  return [{ Sid: "ReadForeignSecret", Effect: "Allow", Action, Resource: [credentialsSecret] }];
}

/** A key of one's own is used for secrets, and by way of Secrets Manager alone. */
function useCredentialsKey({ credentialsKey, account }: AccountConfig, actions: string[]): PolicyStatement[] {
  if (credentialsKey === undefined) return [];
  const domain = dnsSuffixOf(account.partition);
  return [
    {
      Sid: "UseCredentialsKey",
      Effect: "Allow",
      Action: actions,
      Resource: [credentialsKey],
      Condition: { StringEquals: { "kms:ViaService": `secretsmanager.${account.region}.${domain}` } },
    },
  ];
}

/** Stacks that share an account have names that begin alike; their tags, which all of the program's resources have, differ. */
function noOtherStack({ stack }: AccountConfig): PolicyStatement {
  return {
    Sid: "NothingOfAnotherStack",
    Effect: "Deny",
    Action: "*",
    Resource: "*",
    Condition: {
      StringNotEquals: { "aws:ResourceTag/Stack": stack },
      Null: { "aws:ResourceTag/Stack": "false" },
    },
  };
}
