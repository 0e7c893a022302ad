/** Changes as people make them, each a small edit of the bot's backend. The report of each is a file that was read. */
import type { PropertyMap } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import type { CodeDiff } from "../../model.ts";
import { archive } from "./bot.ts";
import type { Declared, DeclaredProgram } from "./program.ts";
import type { Edit, Side } from "./report-of.ts";

export interface LibraryCase {
  /** What the base has otherwise than the bot. */
  base?: Edit;
  edit: Edit;
  code?: CodeDiff;
}

const inputs = ({ program }: Side, key: string): PropertyMap => resource(program, key).inputs;

function resource({ resources }: DeclaredProgram, key: string): Declared {
  const found = resources[key];
  if (found === undefined) throw new Error(`the bot has no ${key}`);
  return found;
}

const set =
  (key: string, changes: PropertyMap): Edit =>
  (side) => {
    Object.assign(inputs(side, key), changes);
  };

/** The statements of a role's policy. */
function statements(side: Side, name: string): PropertyMap[] {
  const policy = inputs(side, `RolePolicy ${name}`)["policy"] as { json: { Statement: PropertyMap[] } };
  return policy.json.Statement;
}

function variables(side: Side, name: string): PropertyMap {
  return (inputs(side, `Function ${name}`)["environment"] as { variables: PropertyMap }).variables;
}

function rename({ program }: Side, from: string, to: string, changes: Partial<Declared>): void {
  // In place: what comes after it may name it.
  program.resources = Object.fromEntries(
    Object.entries(program.resources).map(([key, declared]) =>
      key === from ? [to, { ...declared, ...changes }] : [key, renamedIn(declared, from, to)],
    ),
  );
}

const renamedIn = (declared: Declared, from: string, to: string): Declared =>
  JSON.parse(JSON.stringify(declared).replaceAll(`\${${from}.`, `\${${to}.`)) as Declared;

/** Other code in both functions, and its digest wherever it is named. */
const newCode: Edit = (side) => {
  set("Function bot", { code: archive("b") })(side);
  set("Function worker", { code: archive("b") })(side);
  set("LineChannelWebhook bot", { artifact: "b".repeat(64) })(side);
  side.program.outputs["artifactSha256"] = "b".repeat(64);
};

const [ownKey, otherKey] = ["1234abcd-12ab-34cd-56ef-1234567890ab", "4321dcba-21ba-43dc-65fe-ba0987654321"].map(
  (id) => `arn:aws:kms:ap-northeast-1:111122223333:key/${id}`,
);

/** What the program makes of `line:credentialsKey`: the secret's key, and who may use it. */
const encryptWith =
  (key = ""): Edit =>
  (side) => {
    side.settings["line:credentialsKey"] = key;
    set("Secret bot", { kmsKeyId: key })(side);
    const Condition = {
      StringEquals: {
        "kms:EncryptionContext:SecretARN": "${Secret bot.arn}",
        "kms:ViaService": "secretsmanager.ap-northeast-1.amazonaws.com",
      },
    };
    for (const name of ["bot", "worker"])
      statements(side, name).push({ Effect: "Allow", Action: "kms:Decrypt", Resource: key, Condition });
  };

const artifact = (digit: string, size: number) => ({ sha256: digit.repeat(64), size, unpacked: size * 3 });
const codeOf = (files: CodeDiff["files"], more: Partial<CodeDiff> = {}): CodeDiff => ({
  files,
  artifacts: [{ name: "bot.zip", former: artifact("a", 17_000), now: artifact("a", 17_000) }],
  dependencies: [],
  ...more,
});
const edited = (path: string, added: number, removed: number) => ({ path, kind: "change", added, removed }) as const;

export const library: Record<string, LibraryCase> = {
  "a comment only": { edit: () => {}, code: codeOf([edited("infra/index.ts", 1, 1)]) },
  "a configuration value": {
    edit(side) {
      side.settings["bot:logRetentionDays"] = 400;
      for (const key of ["LogGroup bot", "LogGroup worker", "LogGroup bot-access"])
        set(key, { retentionInDays: 400 })(side);
    },
    code: codeOf([edited("Pulumi.prod.yaml", 1, 1)]),
  },
  "more memory": { edit: set("Function bot", { memorySize: 1024 }) },
  "less memory and a shorter timeout": { edit: set("Function worker", { memorySize: 128, timeout: 3 }) },
  "a handler edited": {
    edit: newCode,
    code: codeOf([edited("functions/bot.ts", 12, 3)], {
      artifacts: [{ name: "bot.zip", former: artifact("a", 17_000), now: artifact("b", 17_150) }],
    }),
  },
  "a dependency bumped": {
    edit: newCode,
    code: codeOf([edited("package-lock.json", 30, 12), edited("package.json", 1, 1)], {
      artifacts: [{ name: "bot.zip", former: artifact("a", 17_000), now: artifact("b", 16_200) }],
      dependencies: [
        { name: "@line/bot-sdk", former: "11.2.0", now: "12.0.1", direct: true, dev: false },
        { name: "left-pad", former: "1.3.0", direct: false, dev: false },
        { name: "vitest", former: "5.1.1", now: "5.2.0", direct: true, dev: true },
        { name: "zod", now: "5.0.0", direct: false, dev: false },
      ],
    }),
  },
  "a development dependency bumped": {
    edit: () => {},
    code: codeOf([edited("package-lock.json", 4, 4), edited("package.json", 1, 1)], {
      dependencies: [{ name: "vitest", former: "5.1.1", now: "5.2.0", direct: true, dev: true }],
    }),
  },
  "a key for the credentials": {
    edit: encryptWith(ownKey),
    code: codeOf([edited("Pulumi.prod.yaml", 1, 0)]),
  },
  "another key for the credentials": {
    base: encryptWith(ownKey),
    edit: encryptWith(otherKey),
    code: codeOf([edited("Pulumi.prod.yaml", 1, 1)]),
  },
  "no key for the credentials any more": {
    base: encryptWith(ownKey),
    edit: () => {},
    code: codeOf([edited("Pulumi.prod.yaml", 0, 1)]),
  },
  "another runtime": { edit: set("Function bot", { runtime: "nodejs22.x" }) },
  "a value that AWS refuses": { edit: set("Function bot", { memorySize: 64 }) },
  "environment variables": {
    edit(side) {
      const all = variables(side, "worker");
      delete all["TABLE"];
      Object.assign(all, { LOG_LEVEL: "DEBUG", LINE_API_URL: "https://api-data.line.me" });
    },
  },
  "environment variables in another order": {
    edit(side) {
      const all = variables(side, "worker");
      const environment = inputs(side, "Function worker")["environment"] as PropertyMap;
      environment["variables"] = Object.fromEntries(Object.entries(all).toReversed());
    },
  },
  "a new queue with its permission": {
    edit(side) {
      const { resources } = side.program;
      const added: DeclaredProgram["resources"] = {
        "Queue pushes": { type: "aws:sqs/queue:Queue", inputs: { fifoQueue: true } },
      };
      side.program.resources = { ...added, ...resources };
      statements(side, "worker").push({ Effect: "Allow", Action: "sqs:SendMessage", Resource: "${Queue pushes.arn}" });
      variables(side, "worker")["PUSHES"] = "${Queue pushes.url}";
    },
  },
  "a queue replaced": { edit: set("Queue events", { name: "incoming" }) },
  "a queue without its dead letters": {
    edit(side) {
      delete inputs(side, "Queue events")["redrivePolicy"];
    },
  },
  "a dead-letter queue deleted": {
    edit(side) {
      delete inputs(side, "Queue events")["redrivePolicy"];
      delete side.program.resources["MetricAlarm dead"];
      delete side.program.resources["Queue dead"];
    },
  },
  "fewer attempts and a shorter life of messages": {
    edit(side) {
      set("Queue events", {
        messageRetentionSeconds: 3600,
        redrivePolicy: { json: { maxReceiveCount: 1, deadLetterTargetArn: "${Queue dead.arn}" } },
      })(side);
    },
  },
  "a table replaced": {
    edit: set("Table done", { hashKey: "event", attributes: [{ name: "event", type: "S" }] }),
  },
  "a table without its backups": { edit: set("Table done", { pointInTimeRecovery: { enabled: false } }) },
  "the route renamed": {
    edit(side) {
      set("Route bot", { routeKey: "POST /line" })(side);
      set("Permission bot", { sourceArn: "${Api bot.executionArn}/${Stage bot.name}/POST/line" })(side);
      set("LineChannelWebhook bot", { endpoint: "${Api bot.apiEndpoint}/line" })(side);
      side.program.outputs["webhookUrl"] = "${Api bot.apiEndpoint}/line";
    },
  },
  "the API replaced": { edit: set("Api bot", { protocolType: "WEBSOCKET" }) },
  "permissions widened": {
    edit(side) {
      statements(side, "worker").push({ Effect: "Allow", Action: ["sqs:*"], Resource: "*" });
    },
  },
  "permissions narrowed": {
    edit(side) {
      statements(side, "bot").pop();
    },
  },
  "a policy reordered": {
    edit(side) {
      const list = statements(side, "worker");
      list.reverse();
      for (const statement of list) if (Array.isArray(statement["Action"])) statement["Action"].reverse();
    },
  },
  "anybody may assume the role": {
    edit: set("Role worker", {
      assumeRolePolicy: {
        json: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: "*", Action: "sts:AssumeRole" }] },
      },
    }),
  },
  "the source of calls widened": { edit: set("Permission bot", { sourceArn: "${Api bot.executionArn}/*" }) },
  "a call from anywhere": {
    edit(side) {
      delete inputs(side, "Permission bot")["sourceArn"];
    },
  },
  "a secret renamed": { edit: set("Secret bot", { name: "line/credentials" }) },
  "a secret value": {
    edit(side) {
      side.settings["line:channelSecret"] = { secure: "v1:BBBBBBBBBBBBBBBB:b3RoZXJvdGhlcm90aGVyb3RoZXI" };
      set("SecretVersion bot", {
        secretString: {
          secret: { json: { channelId: "2000000001", channelSecret: "fedcba9876543210fedcba9876543210" } },
        },
      })(side);
    },
  },
  "a secret inside of an object": {
    base(side) {
      side.settings["bot:database"] = {
        user: "bot",
        password: { secure: "v1:AAAAAAAAAAAAAAAA:cGFzc3dvcmRwYXNzd29yZA" },
      };
    },
    edit(side) {
      side.settings["bot:database"] = {
        user: "app",
        password: { secure: "v1:BBBBBBBBBBBBBBBB:b3RoZXJvdGhlcm90aGVyb3" },
      };
    },
  },
  "encrypted again": {
    edit(side) {
      side.encryption = "awskms://alias/bot-prod";
      side.settings["line:channelSecret"] = { secure: "v1:CCCCCCCCCCCCCCCC:c2VjcmV0c2VjcmV0c2VjcmV0" };
    },
  },
  "the protection taken off": {
    edit({ program }) {
      resource(program, "Api bot").protect = false;
      resource(program, "Secret bot").protect = false;
    },
  },
  "what is protected, deleted": {
    base(side) {
      set("Table done", { deletionProtectionEnabled: true })(side);
      resource(side.program, "LineChannelWebhook bot").protect = true;
    },
    edit(side) {
      const variables = { CREDENTIALS_SECRET_ARN: "${Secret bot.arn}", LINE_API_URL: "https://api.line.me" };
      set("Function worker", { environment: { variables } })(side);
      delete side.program.resources["Table done"];
      delete side.program.resources["LineChannelWebhook bot"];
    },
  },
  "what is protected, replaced": {
    base: set("Table done", { deletionProtectionEnabled: true }),
    edit(side) {
      set("Table done", {
        deletionProtectionEnabled: true,
        hashKey: "event",
        attributes: [{ name: "event", type: "S" }],
      })(side);
      set("Secret bot", { name: "another" })(side);
    },
  },
  "the protection taken off with a replacement": {
    edit(side) {
      set("Secret bot", { name: "another" })(side);
      resource(side.program, "Secret bot").protect = false;
    },
  },
  "another region": {
    edit(side) {
      side.settings["aws:region"] = "us-west-2";
    },
  },
  "another account": {
    edit(side) {
      side.settings["aws:allowedAccountIds"] = ["444455556666"];
    },
  },
  "a tag": {
    edit(side) {
      side.settings["aws:defaultTags"] = { tags: { Project: "bot", Stack: "prod", Team: "chat" } };
    },
  },
  "stricter throttling": {
    edit: set("Stage bot", { defaultRouteSettings: { throttlingRateLimit: 50, throttlingBurstLimit: 100 } }),
  },
  "a shorter life of logs": { edit: set("LogGroup worker", { retentionInDays: 14 }) },
  "an alarm removed": {
    edit({ program }) {
      delete program.resources["MetricAlarm dead"];
    },
  },
  "an alarm that rings later, and for nobody": {
    edit: set("MetricAlarm dead", { threshold: 100, alarmActions: [] }),
  },
  "a new output": {
    edit({ program }) {
      program.outputs["queueUrl"] = "${Queue events.url}";
    },
  },
  "an output removed": {
    edit({ program }) {
      delete program.outputs["webhookUrl"];
    },
  },
  "descriptions only": {
    edit(side) {
      set("Function bot", { description: "Receives" })(side);
      set("Api bot", { description: "The webhook" })(side);
    },
  },
  "a resource renamed with an alias": {
    edit: (side) => rename(side, "Queue events", "Queue incoming", { aliases: [{ name: "events" }] }),
  },
  "a resource renamed without an alias": {
    edit: (side) => rename(side, "Queue events", "Queue incoming", {}),
  },
  "a resource moved into a component": {
    base: (side) => rename(side, "Topic alarms", "Topic alarms", { parent: "" }),
    edit: (side) => rename(side, "Topic alarms", "Topic alarms", { aliases: [{ noParent: true }] }),
  },
  "a resource moved without an alias": {
    base: (side) => rename(side, "Topic alarms", "Topic alarms", { parent: "" }),
    edit: () => {},
  },
  "the worker switched off": {
    edit: set("EventSourceMapping worker", { enabled: false }),
  },
  "reserved concurrency": { edit: set("Function worker", { reservedConcurrentExecutions: 5 }) },
  "the webhook taken over": {
    edit: set("LineChannelWebhook bot", { takeOver: "https://example.com/webhook", requireActive: true }),
  },
  "pinned to a bot": { edit: set("LineChannelWebhook bot", { bot: `U${"1".repeat(32)}` }) },
  "a type that is not known": {
    edit({ program }) {
      program.resources["Bucket files"] = { type: "aws:glacier/vault:Vault", inputs: { name: "files" } };
    },
  },
};
