import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { needs } from "../../../infra/account/needs.ts";
import {
  accountId,
  credentialsKey,
  credentialsSecret,
  makeOffline,
  parseStatements,
  type State,
  statementsOf,
} from "./account.ts";
import { isAllowed, type Statement } from "./iam.ts";
import { actionsOf, global, life, own, region } from "./resource-life.ts";

const root = path.join(import.meta.dirname, "../../..");
const bucket = `arn:aws:s3:::line-bot-state-${accountId}-${region}`;
const stateOf = (stack: string) => `${bucket}/.pulumi/stacks/line-bot/${stack}.json`;

let resources: State[];
let deploy: Statement[];
let preview: Statement[];
let boundary: Statement[];
let boundaryArn: string;
beforeAll(async () => {
  resources = await makeOffline("prod");
  deploy = statementsOf(resources, "line-bot-prod-deploy");
  preview = statementsOf(resources, "line-bot-prod-preview");
  const policy = resources.find(({ type }) => type === "aws:iam/policy:Policy");
  boundary = parseStatements(policy?.inputs["policy"]);
  boundaryArn = String(policy?.outputs["arn"]);
}, 300_000);

describe("what the program makes", () => {
  test.each(life)("%s on %s is read by both roles, and changed by deployments alone", (_type, arn, reads, writes) => {
    for (const action of actionsOf(arn, reads)) {
      expect([action, isAllowed(deploy, { action, resource: arn })]).toEqual([action, true]);
      expect([action, isAllowed(preview, { action, resource: arn })]).toEqual([action, true]);
    }
    for (const action of actionsOf(arn, writes)) {
      expect([action, isAllowed(deploy, { action, resource: arn })]).toEqual([action, true]);
      expect([action, isAllowed(preview, { action, resource: arn })]).toEqual([action, false]);
    }
  });

  test.each(life)("%s on %s is another stack's where its tag says so", (_type, arn, reads, writes) => {
    const context = { "aws:ResourceTag/Stack": "dev" };
    for (const action of actionsOf(arn, `${reads} ${writes}`.trim())) {
      expect(isAllowed(deploy, { action, resource: arn, context })).toBe(false);
      expect(isAllowed(deploy, { action, resource: arn, context: { "aws:ResourceTag/Stack": "prod" } })).toBe(true);
    }
  });

  test("is all that the roles are for", () => {
    const used = new Set(life.flatMap(([, arn, reads, writes]) => actionsOf(arn, `${reads} ${writes}`.trim())));
    const open = needs.filter(({ condition }) => condition === undefined);
    const allowed = open.flatMap(({ read = [], write = [] }) => [...read, ...write]);

    expect(allowed.filter((action) => !used.has(action))).toEqual([]);
  });

  test("has names that begin as the roles expect", () => {
    const program = readFileSync(path.join(root, "infra/index.ts"), "utf8");
    const [, name = ""] = /new LineWebhook\("(\w+)"/.exec(program) ?? [];

    const unnamed = life.filter(([, arn]) => arn !== "*" && !arn.includes(`${name}-`));
    // These have an id that AWS chooses.
    expect(new Set(unnamed.map(([type]) => type.split("/")[0]))).toEqual(new Set(["lambda", "apigatewayv2"]));
    // The stack stands in front, but for what was made before it did.
    for (const prefix of ["", "line-bot-prod-"]) {
      const made = { action: "lambda:CreateFunction", resource: own("lambda", `function:${prefix}${name}-1a2b3c4`) };
      expect(isAllowed(deploy, made)).toBe(true);
    }
    for (const other of ["line-bot-dev-bot-1a2b3c4", "line-bot-prod-1a2b3c4"]) {
      const made = { action: "lambda:CreateFunction", resource: own("lambda", `function:${other}`) };
      expect(isAllowed(deploy, made)).toBe(false);
    }
    const accessLog = own("logs", "log-group:/aws/vendedlogs/line-bot-prod-bot-access-2026");
    expect(isAllowed(deploy, { action: "logs:CreateLogGroup", resource: accessLog })).toBe(true);
  });

  test("has a row for every type, in the roles and in this test", () => {
    const types = typesOfProgram();

    expect(types.length).toBeGreaterThan(15);
    expect(types.filter((type) => !needs.some((need) => need.types.includes(`aws:${type}`)))).toEqual([]);
    expect(types.filter((type) => !life.some(([named]) => named === type))).toEqual([]);
  });

  test("is written to its state, which is no other stack's", () => {
    const key = String(resources.find(({ type }) => type === "aws:kms/key:Key")?.outputs["arn"]);
    const lock = `${bucket}/.pulumi/locks/organization/line-bot/prod/0b9c.json`;

    expect(isAllowed(preview, { action: "s3:GetObject", resource: stateOf("prod") })).toBe(true);
    expect(isAllowed(preview, { action: "kms:Decrypt", resource: key })).toBe(true);
    expect(isAllowed(preview, { action: "s3:PutObject", resource: stateOf("prod") })).toBe(false);
    expect(isAllowed(preview, { action: "s3:PutObject", resource: lock })).toBe(false);
    expect(isAllowed(preview, { action: "kms:Encrypt", resource: key })).toBe(false);
    for (const action of ["s3:PutObject", "s3:DeleteObject"]) {
      expect(isAllowed(deploy, { action, resource: lock })).toBe(true);
      expect(isAllowed(deploy, { action, resource: stateOf("prod") })).toBe(true);
      expect(isAllowed(deploy, { action, resource: stateOf("dev") })).toBe(false);
    }
    // Whatever it writes, the former state can be had back.
    expect(isAllowed(deploy, { action: "s3:DeleteObjectVersion", resource: stateOf("prod") })).toBe(false);
    expect(isAllowed(deploy, { action: "s3:PutBucketVersioning", resource: bucket })).toBe(false);
    expect(isAllowed(deploy, { action: "s3:DeleteBucket", resource: bucket })).toBe(false);
    expect(isAllowed(deploy, { action: "kms:ScheduleKeyDeletion", resource: key })).toBe(false);
  });
});

function readSources(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".ts"));
  return names.map((name) => readFileSync(path.join(folder, name), "utf8"));
}

/** Finds in the sources what `new aws.…(…)` makes. */
function typesOfProgram(): string[] {
  const made = readSources(path.join(root, "infra")).flatMap((source) => [
    ...source.matchAll(/new aws\.(\w+)\.(\w+)\(/g),
  ]);
  const types = made.map(([, module, type = ""]) => `${module}/${type[0]?.toLowerCase()}${type.slice(1)}:${type}`);
  return [...new Set(types)].toSorted();
}

describe("a deployment's role", () => {
  test("cannot make itself or anybody else mightier than a function of the bot is at most", () => {
    const role = global("iam", "role/bot-1a2b3c4");
    const bounded = { "iam:PermissionsBoundary": boundaryArn };
    const toLambda = { "iam:PassedToService": "lambda.amazonaws.com" };

    for (const action of ["iam:CreateRole", "iam:PutRolePolicy"]) {
      expect(isAllowed(deploy, { action, resource: role, context: bounded })).toBe(true);
      expect(isAllowed(deploy, { action, resource: role })).toBe(false);
      expect(
        isAllowed(deploy, { action, resource: global("iam", "role/line-bot-prod-deploy"), context: bounded }),
      ).toBe(false);
    }
    expect(isAllowed(deploy, { action: "iam:PassRole", resource: role, context: toLambda })).toBe(true);
    expect(
      isAllowed(deploy, {
        action: "iam:PassRole",
        resource: role,
        context: { "iam:PassedToService": "ec2.amazonaws.com" },
      }),
    ).toBe(false);
    for (const action of [
      "iam:AttachRolePolicy",
      "iam:DeleteRolePermissionsBoundary",
      "iam:CreatePolicyVersion",
      "iam:CreateUser",
    ]) {
      expect(isAllowed(deploy, { action, resource: role, context: bounded })).toBe(false);
      expect(isAllowed(deploy, { action, resource: boundaryArn, context: bounded })).toBe(false);
    }
  });

  test("lets the API call a function, and nobody else", () => {
    const ask = (principal: string) => ({
      action: "lambda:AddPermission",
      resource: own("lambda", "function:bot-1a2b3c4"),
      context: { "lambda:Principal": principal },
    });

    expect(isAllowed(deploy, ask("apigateway.amazonaws.com"))).toBe(true);
    expect(isAllowed(deploy, ask("*"))).toBe(false);
    expect(isAllowed(deploy, ask("999999999999"))).toBe(false);
  });

  test("maps queues to the bot's functions alone", () => {
    const action = "lambda:CreateEventSourceMapping";
    const to = (name: string) => ({
      context: { "lambda:FunctionArn": own("lambda", `function:${name}`) },
      resource: "*",
    });

    expect(isAllowed(deploy, { action, ...to("bot-worker-1a2b3c4") })).toBe(true);
    expect(isAllowed(deploy, { action, ...to("payments") })).toBe(false);
    expect(isAllowed(preview, { action, ...to("bot-worker-1a2b3c4") })).toBe(false);
  });

  test.each([
    ["lambda:DeleteFunction", own("lambda", "function:payments")],
    ["lambda:DeleteFunction", `arn:aws:lambda:us-east-1:${accountId}:function:bot-1a2b3c4`],
    ["secretsmanager:GetSecretValue", own("secretsmanager", "secret:database-AbCdEf")],
    ["dynamodb:DeleteTable", own("dynamodb", "table/orders")],
    ["s3:GetObject", "arn:aws:s3:::payments/invoice"],
    ["sts:AssumeRole", global("iam", "role/admin")],
  ])("has no %s on %s", (action, resource) => {
    expect(isAllowed(deploy, { action, resource })).toBe(false);
    expect(isAllowed(preview, { action, resource })).toBe(false);
  });

  test("uses a key of the secret's own by way of Secrets Manager alone, as the functions do", () => {
    const via = (service: string) => ({ "kms:ViaService": `${service}.ap-northeast-1.amazonaws.com` });
    for (const [statements, action, may] of [
      [deploy, "kms:Decrypt", true],
      [deploy, "kms:GenerateDataKey", true],
      [preview, "kms:Decrypt", true],
      [preview, "kms:GenerateDataKey", false],
      [boundary, "kms:Decrypt", true],
      [boundary, "kms:GenerateDataKey", false],
    ] as const) {
      const asked = { action, resource: credentialsKey };
      expect(isAllowed(statements, { ...asked, context: via("secretsmanager") })).toBe(may);
      expect(isAllowed(statements, { ...asked, context: via("s3") })).toBe(false);
      expect(isAllowed(statements, asked)).toBe(false);
    }
  });

  test("reads a secret that somebody else fills, where the stack names one", () => {
    expect(isAllowed(preview, { action: "secretsmanager:GetSecretValue", resource: credentialsSecret })).toBe(true);
    // Which version of it is current, at each preview and update.
    for (const role of [preview, deploy]) {
      expect(isAllowed(role, { action: "secretsmanager:ListSecretVersionIds", resource: credentialsSecret })).toBe(
        true,
      );
    }
    expect(isAllowed(deploy, { action: "secretsmanager:PutSecretValue", resource: credentialsSecret })).toBe(false);
  });
});

/** What the doctor's files ask of AWS, by the SDK's name for it. */
const asked: Record<string, [action: string, resource: string]> = {
  DescribeAlarms: ["cloudwatch:DescribeAlarms", own("cloudwatch", "alarm:bot-dead-letters-1a2b3c4")],
  GetFunctionConfiguration: ["lambda:GetFunctionConfiguration", own("lambda", "function:bot-1a2b3c4:live")],
  GetQueueAttributes: ["sqs:GetQueueAttributes", own("sqs", "bot-events-1a2b3c4.fifo")],
  GetSecretValue: ["secretsmanager:GetSecretValue", own("secretsmanager", "secret:bot-1a2b3c4-AbCdEf")],
  ListEventSourceMappings: ["lambda:ListEventSourceMappings", "*"],
};

test("the doctor, who looks for drift, can read all that it asks for by the preview's role", () => {
  const sources = ["doctor", "."].flatMap((folder) => readSources(path.join(root, "deploy", folder)));
  const commands = sources.flatMap((source) => [...source.matchAll(/new ((?:Get|List|Describe)\w+)Command\(/g)]);
  const names = new Set(commands.map(([, name = ""]) => name));

  expect(names.size).toBeGreaterThan(3);
  expect([...names].filter((name) => asked[name] === undefined)).toEqual([]);
  for (const [action, resource] of Object.values(asked)) {
    expect([action, isAllowed(preview, { action, resource })]).toEqual([action, true]);
  }
});

test("the boundary has every action that the program grants its functions", () => {
  const sources = readSources(path.join(root, "infra"));
  const granted = sources
    .flatMap((source) => [...source.matchAll(/actions: \[([^\]]*)\]/g)])
    .flatMap(([, list = ""]) => [...list.matchAll(/"(\w+:\w+)"/g)].map(([, action = ""]) => action));
  const bounded = new Set(boundary.flatMap(({ Effect, Action }) => (Effect === "Allow" ? [Action].flat() : [])));

  expect(granted.length).toBeGreaterThan(10);
  expect(granted.filter((action) => !bounded.has(action))).toEqual([]);
});

test("no statement allows a star as an action, or writes by the preview's role", () => {
  const allowing = [...deploy, ...preview, ...boundary].filter(({ Effect }) => Effect === "Allow");
  const reading = /^\w+:(Get|List|Describe|Filter|Decrypt$|GET$)/;

  expect(allowing.flatMap(({ Action }) => [Action].flat()).filter((action) => action.includes("*"))).toEqual([]);
  const previewing = preview.filter(({ Effect }) => Effect === "Allow").flatMap(({ Action }) => [Action].flat());
  expect(previewing.filter((action) => !reading.test(action))).toEqual([]);
});

test("policies are no longer than IAM takes them", () => {
  for (const role of ["line-bot-prod-deploy", "line-bot-prod-preview"]) {
    const policies = resources.filter(({ type, inputs }) => type.endsWith(":RolePolicy") && inputs["role"] === role);
    const length = policies.reduce((sum, { inputs }) => sum + String(inputs["policy"]).length, 0);
    expect(length).toBeLessThanOrEqual(10_240);
  }
  expect(JSON.stringify(boundary).length).toBeLessThanOrEqual(6_144);
});

test("the boundary holds for what functions do, and for nothing else", () => {
  const allowed = (action: string, resource: string) => isAllowed(boundary, { action, resource });

  expect(allowed("logs:PutLogEvents", own("logs", "log-group:bot-1a2b3c4:log-stream:x"))).toBe(true);
  expect(allowed("sqs:SendMessage", own("sqs", "bot-events-1a2b3c4.fifo"))).toBe(true);
  expect(allowed("dynamodb:PutItem", own("dynamodb", "table/bot-events-1a2b3c4"))).toBe(true);
  expect(allowed("secretsmanager:GetSecretValue", own("secretsmanager", "secret:bot-1a2b3c4-AbCdEf"))).toBe(true);
  expect(allowed("iam:CreateRole", global("iam", "role/bot-1a2b3c4"))).toBe(false);
  expect(allowed("lambda:InvokeFunction", own("lambda", "function:bot-1a2b3c4"))).toBe(false);
});
