/** What AWS would make up: ids, ARNs, addresses, in their usual form and the same in every run. */
import { createHash } from "node:crypto";
import { partitionOf } from "@pulumi-line-bot/kit/partition";
import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { parseUrn } from "@pulumi-line-bot/pulumi-engine/values/urn";
import type { Output, TypeSchema } from "@pulumi-line-bot/aws-resources/schema";

interface World {
  side: string;
  region: string;
  accountId: string;
}

interface Made {
  urn: string;
  /** Such as `aws:sqs/queue:Queue`. */
  type: string;
  schema: TypeSchema;
  wanted: Attributes;
  world: World;
}

/** Ten hexadecimal digits, the same for the same resource of every stack. */
export function hashOf(side: string, urn: string): string {
  const { qualifiedType, name } = parseUrn(urn);
  return createHash("sha256").update(`${side} ${qualifiedType} ${name}`).digest("hex").slice(0, 10);
}

type Form = (at: {
  wanted: Attributes;
  name: string;
  hash: string;
  arn: (service: string, resource: string) => string;
  world: World;
}) => { id: string } & Attributes;

const text = (value: unknown): string => (typeof value === "string" ? value : "");

const forms: Record<string, Form> = {
  "aws:apigatewayv2/api:Api": ({ hash, arn, world: { region } }) => ({
    id: hash,
    arn: `arn:${partitionOf(region)}:apigateway:${region}::/apis/${hash}`,
    apiEndpoint: `https://${hash}.execute-api.${region}.amazonaws.com`,
    executionArn: arn("execute-api", hash),
  }),
  "aws:apigatewayv2/stage:Stage": ({ wanted, arn }) => ({
    id: text(wanted["name"]),
    executionArn: arn("execute-api", `${text(wanted["apiId"])}/${text(wanted["name"])}`),
  }),
  "aws:cloudwatch/logGroup:LogGroup": ({ name, arn }) => ({
    id: name,
    name,
    arn: arn("logs", `log-group:${name}`),
  }),
  "aws:cloudwatch/metricAlarm:MetricAlarm": ({ name, arn }) => ({ id: name, arn: arn("cloudwatch", `alarm:${name}`) }),
  "aws:dynamodb/table:Table": ({ name, arn }) => ({ id: name, arn: arn("dynamodb", `table/${name}`) }),
  "aws:iam/policy:Policy": ({ name, world }) => ofIam(world, `policy/${name}`),
  "aws:iam/role:Role": ({ name, world }) => ({ ...ofIam(world, `role/${name}`), id: name }),
  "aws:iam/rolePolicy:RolePolicy": ({ wanted, name }) => ({ id: `${text(wanted["role"])}:${name}` }),
  "aws:kms/key:Key": ({ hash, arn }) => ({ id: hash, keyId: hash, arn: arn("kms", `key/${hash}`) }),
  "aws:lambda/alias:Alias": ({ wanted, arn, world: { region } }) => {
    const own = arn("lambda", `function:${text(wanted["functionName"])}:${text(wanted["name"])}`);
    return { id: own, arn: own, invokeArn: invokeArn(own, region) };
  },
  "aws:lambda/function:Function": ({ name, arn, world: { region } }) => {
    const own = arn("lambda", `function:${name}`);
    const version = "1";
    const qualifiedArn = `${own}:${version}`;
    return {
      id: name,
      arn: own,
      invokeArn: invokeArn(own, region),
      version,
      qualifiedArn,
      qualifiedInvokeArn: invokeArn(qualifiedArn, region),
    };
  },
  "aws:secretsmanager/secret:Secret": ({ name, hash, arn }) => {
    const own = arn("secretsmanager", `secret:${name}-${hash.slice(0, 6)}`);
    return { id: own, arn: own };
  },
  "aws:secretsmanager/secretVersion:SecretVersion": ({ wanted, hash }) => {
    const own = text(wanted["secretId"]);
    return { id: `${own}|${hash}`, arn: own, secretArn: own };
  },
  "aws:sns/topic:Topic": ({ name, arn }) => ({ id: arn("sns", name), arn: arn("sns", name) }),
  "aws:sqs/queue:Queue": ({ name, arn, world: { region, accountId } }) => {
    const url = `https://sqs.${region}.amazonaws.com/${accountId}/${name}`;
    return { id: url, url, arn: arn("sqs", name) };
  },
};

const ofIam = ({ region, accountId }: World, resource: string) => {
  const arn = `arn:${partitionOf(region)}:iam::${accountId}:${resource}`;
  return { id: arn, arn };
};

const invokeArn = (arn: string, region: string): string =>
  `arn:${partitionOf(region)}:apigateway:${region}:lambda:path/2015-03-31/functions/${arn}/invocations`;

/** The id, and every output that is not among the inputs. */
export function placeholdersFor({ urn, type, schema, wanted, world }: Made): { id: string } & Attributes {
  const hash = hashOf(world.side, urn);
  const region = text(wanted["region"]) || world.region;
  const name = text(wanted[schema.naming?.property ?? "name"]) || `${text(wanted["namePrefix"])}${hash}`;
  const service = type.slice("aws:".length, type.indexOf("/"));
  const arn = (of: string, resource: string): string => toArn(of, region, world.accountId, resource);
  const form = forms[type]?.({ wanted, name, hash, arn, world: { ...world, region } });
  // What the service only chooses where nobody did is left open: a choice that somebody makes then is an addition.
  const computed = Object.entries(schema.outputs).filter(
    ([key, { computed: when }]) => key !== "tagsAll" && when === "always",
  );
  const generic = computed.map(([key, output]) => [key, plain(key, output, { hash, arn: arn(service, name) })]);
  return { id: name, ...Object.fromEntries(generic), ...form };
}

function plain(key: string, { type }: Output, made: { hash: string; arn: string }): unknown {
  if (type === "number") return 0;
  if (type === "boolean") return false;
  if (type === "list" || type === "set") return [];
  if (type === "map" || type === "object") return {};
  return key === "arn" ? made.arn : `${key}-${made.hash}`;
}
