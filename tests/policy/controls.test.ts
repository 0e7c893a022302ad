import { beforeAll, describe, expect, test } from "vitest";
import { controls, type StackResources, violationsOf } from "@pulumi-line-bot/policy/controls";
import { suppressions } from "@pulumi-line-bot/policy/suppressions";
import { toMutable, toProtected } from "./mutable-stack.ts";
import { mutations } from "./mutations.ts";
import { deployStacks, stackNames, type StackName } from "./stacks.ts";

let stacks: Record<StackName, StackResources>;

beforeAll(async () => {
  stacks = await deployStacks();
}, 300_000);

const failing = (resources: StackResources) =>
  controls.filter((control) => violationsOf(control, resources).length > 0).map(({ id }) => id);

describe("the program's own stacks", () => {
  test.each(stackNames)("%s keeps every control", (name) => {
    expect(controls.flatMap((control) => violationsOf(control, stacks[name]))).toEqual([]);
  });

  test("prod asks for what other stacks may go without", () => {
    const { inputs, outputs } = stacks.dev;

    expect(failing({ inputs: inputs.map(toProtected), outputs: outputs.map(toProtected) })).toEqual([
      "secret-recovery-window",
      "dynamodb-deletion-protection",
      "cloudwatch-retention-of-a-year",
    ]);
  });

  test("a secret that somebody else fills may be read by the ARN that the functions are given", () => {
    const stack = toMutable(stacks.prod);
    stack.remove("secretsmanager/secret:Secret", "bot");
    stack.remove("secretsmanager/secretVersion:SecretVersion", "bot");

    expect(failing(stack.resources)).toEqual([]);
  });
});

/** What is suppressed, by the property or the type that would do it: where there is one, the suppression has had its day. */
const undone: [asks: string, type: string, property?: string][] = [
  ["the environment encrypted with a key of one's own", "lambda/function:Function", "kmsKeyArn"],
  ["a dead-letter queue or a destination for asynchronous calls", "lambda/function:Function", "deadLetterConfig"],
  ["a VPC, over several zones", "lambda/function:Function", "vpcConfig"],
  ["code signing", "lambda/function:Function", "codeSigningConfigArn"],
  ["an authorizer on the route", "apigatewayv2/route:Route", "authorizerId"],
  ["a TLS policy, and the API's own host name switched off", "apigatewayv2/domainName:DomainName"],
  ["rotation", "secretsmanager/secretRotation:SecretRotation"],
  ["a key of one's own", "secretsmanager/secret:Secret", "kmsKeyId"],
  ["a key of one's own", "sqs/queue:Queue", "kmsMasterKeyId"],
  ["a key of one's own", "dynamodb/table:Table", "serverSideEncryption"],
  ["point-in-time recovery, a backup plan", "dynamodb/table:Table", "pointInTimeRecovery"],
  ["logs encrypted with a key of one's own", "cloudwatch/logGroup:LogGroup", "kmsKeyId"],
  ["the topic encrypted", "sns/topic:Topic", "kmsMasterKeyId"],
];

describe("prod does without what is suppressed", () => {
  test.each(undone)("%s (%s)", (asks, type, property) => {
    const done = stacks.prod.inputs.filter(
      (resource) =>
        resource.type === `aws:${type}` && (property === undefined || resource.props[property] !== undefined),
    );

    expect(suppressions.map((suppression) => suppression.asks)).toContain(asks);
    expect(done.map(({ name }) => name)).toEqual([]);
  });
});

test("a key of one's own may be used by way of Secrets Manager, for the stack's secret", () => {
  const stack = toMutable(stacks.prod);
  const ofSecret = {
    Effect: "Allow",
    Action: "kms:Decrypt",
    Resource: "arn:aws:kms:ap-northeast-1:000000000000:key/6d5f1a40-1c4e-4a55-9d55-6a1a0f0c2b11",
    Condition: {
      StringEquals: {
        "kms:ViaService": "secretsmanager.ap-northeast-1.amazonaws.com",
        "kms:EncryptionContext:SecretARN": stack.get("secretsmanager/secret:Secret", "bot", "arn"),
      },
    },
  };
  stack.edit("iam/rolePolicy:RolePolicy", "bot", "policy", ({ Statement }) => Statement.push(ofSecret));

  expect(failing(stack.resources)).toEqual([]);
});

test("tracing is the one that may write to whatever there is", () => {
  const stack = toMutable(stacks.prod);
  const tracing = { Effect: "Allow", Action: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], Resource: "*" };
  stack.edit("iam/rolePolicy:RolePolicy", "bot", "policy", ({ Statement }) => Statement.push(tracing));

  expect(failing(stack.resources)).toEqual([]);
});

describe("taken out of prod, a control is missed", () => {
  test.each(mutations)("%s: %s", (control, _what, mutate) => {
    const stack = toMutable(stacks.prod);

    mutate(stack);

    expect(failing(stack.resources)).toEqual([control]);
  });

  test("and every control has been", () => {
    const tried = new Set(mutations.map(([control]) => control));

    expect(controls.map(({ id }) => id).filter((id) => !tried.has(id))).toEqual([]);
  });
});

describe("what a control says", () => {
  test("names the resource, what to do, and no secret", () => {
    const stack = toMutable(stacks.prod);
    const secret = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
    stack.set("lambda/function:Function", "bot-worker", { environment: { variables: { TOKEN: secret } } });

    const said = controls.flatMap((control) => violationsOf(control, stack.resources));

    expect(said).toEqual([
      {
        urn: expect.stringMatching(/Function::bot-worker$/),
        message:
          "bot-worker: take TOKEN, which looks like a channel secret, out of `environment`, and read it from Secrets Manager",
      },
    ]);
  });
});
