import * as pulumi from "@pulumi/pulumi";
import * as v from "valibot";
import { parseLineApiUrl } from "../line/api-url.ts";
import type { Pin } from "./pin.ts";

/**
 * The stack's configuration, by namespace: what concerns the LINE channel under `line:`, sizes under the project's
 * own name. A key has one row: how its value looks, in the words of an error message, and how it is parsed.
 */
const digits = (what: string, lowest: number, highest: number) =>
  v.pipe(
    v.string(),
    v.regex(/^\d+$/, `${what} from ${lowest} to ${highest}`),
    v.transform(Number),
    v.minValue(lowest, `${what} from ${lowest} to ${highest}`),
    v.maxValue(highest, `${what} from ${lowest} to ${highest}`),
  );
const flag = v.pipe(
  v.picklist(["true", "false"], "true or false"),
  v.transform((value) => value === "true"),
);
const lineApi = v.pipe(
  v.string(),
  v.check(isLineApiUrl, "https://api.line.me, or http://localhost:<port> for the simulator"),
);
const secretArn = v.pipe(
  v.string(),
  v.regex(/^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+$/, "the ARN of a secret in Secrets Manager"),
);
const keyArn = v.pipe(
  v.string(),
  v.regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/, "the ARN of a key in KMS, not of its alias"),
);
const policyArn = v.pipe(v.string(), v.regex(/^arn:aws[a-z-]*:iam::\d{12}:policy\/\S+$/, "the ARN of a policy in IAM"));
/** The values that CloudWatch Logs accepts, in days. */
const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653] as const;
const retention = v.pipe(
  v.string(),
  v.transform(Number),
  v.picklist(retentionDays, `a number of days that CloudWatch Logs accepts (${retentionDays.join(", ")})`),
);

const lineKeys = {
  channelId: v.pipe(v.string(), v.regex(/^\d+$/, "the channel ID from the LINE Developers Console, made of digits")),
  apiUrl: lineApi,
  credentialsSecret: secretArn,
  credentialsKey: keyArn,
  bot: v.pipe(
    v.string(),
    v.regex(/^(U[0-9a-f]{32}|@[a-z0-9._-]+)$/, "a bot's user ID (U and 32 hexadecimal digits) or basic ID (@…)"),
  ),
  onDestroy: v.picklist(["restore", "keep"], "restore or keep"),
  requireActive: flag,
  takeOver: v.pipe(v.string(), v.regex(/^https:\/\/\S+$/, "the https:// URL of somebody else that may be replaced")),
};
const projectKeys = {
  memorySizeMb: digits("a number of MB", 128, 10_240),
  logRetentionDays: retention,
  logErrorMessages: flag,
  throttleRateLimit: digits("a number of requests per second", 1, 10_000),
  throttleBurstLimit: digits("a number of requests", 1, 5000),
  reservedConcurrency: digits("a number of concurrent executions", 1, 1000),
  workerMemorySizeMb: digits("a number of MB", 128, 10_240),
  // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
  workerConcurrency: digits("a number of events at once", 2, 1000),
  alarmEmail: v.union([v.literal("none"), v.pipe(v.string(), v.email())], "a mail address, or none"),
  tracing: flag,
  permissionsBoundary: policyArn,
  secretRecoveryDays: v.union(
    [v.pipe(v.literal("0"), v.transform(Number)), digits("a number of days", 7, 30)],
    "0 (deleted at once) or a number of days from 7 to 30",
  ),
  protect: flag,
  artifact: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "the SHA-256 of an artifact, as 64 hexadecimal digits")),
  commit: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/, "a commit, as 40 hexadecimal digits")),
};
const secretKeys = ["channelSecret", "channelAccessToken"] as const;
const awsKeys = ["region", "allowedAccountIds"] as const;

type ChannelSource =
  | { credentialsSecretArn: string }
  | {
      channelId: string;
      channelSecret: pulumi.Output<string>;
      channelAccessToken: pulumi.Output<string> | undefined;
    };

export interface StackConfig {
  channel: ChannelSource;
  credentialsKeyArn: string | undefined;
  apiUrl: string | undefined;
  bot: string | undefined;
  onDestroy: "restore" | "keep" | undefined;
  requireActive: boolean | undefined;
  takeOver: string | undefined;
  memorySizeMb: number | undefined;
  logRetentionDays: number | undefined;
  logErrorMessages: boolean | undefined;
  throttle: { rateLimit: number | undefined; burstLimit: number | undefined };
  reservedConcurrency: number | undefined;
  worker: { memorySizeMb: number | undefined; concurrency: number | undefined };
  alarmEmail: string | undefined;
  tracing: boolean | undefined;
  permissionsBoundary: string | undefined;
  secretRecoveryDays: number | undefined;
  protect: boolean;
  /** What a promotion wrote. `undefined` if the stack runs whatever is built. */
  pin: Pin | undefined;
}

/**
 * Reads and checks the stack's configuration before anything is registered.
 * @throws {pulumi.RunError} naming every wrong or missing key, the stack and the command that sets it.
 */
export function readConfig(): StackConfig {
  const problems: string[] = [];
  const line = readKeys("line", lineKeys, problems);
  const sizes = readKeys(pulumi.getProject(), projectKeys, problems);
  refuseUnknownKeys(problems);
  requireAwsKeys(problems);
  requireRoom(sizes, problems);
  const channel = readChannel(line, problems);
  if (problems.length > 0 || channel === undefined) {
    throw new pulumi.RunError(["The stack's configuration needs a change:", ...problems].join("\n  - "));
  }
  return {
    channel,
    credentialsKeyArn: line.credentialsKey,
    apiUrl: line.apiUrl,
    bot: line.bot,
    onDestroy: line.onDestroy,
    requireActive: line.requireActive,
    takeOver: line.takeOver,
    memorySizeMb: sizes.memorySizeMb,
    logRetentionDays: sizes.logRetentionDays,
    logErrorMessages: sizes.logErrorMessages,
    throttle: { rateLimit: sizes.throttleRateLimit, burstLimit: sizes.throttleBurstLimit },
    reservedConcurrency: sizes.reservedConcurrency,
    worker: { memorySizeMb: sizes.workerMemorySizeMb, concurrency: sizes.workerConcurrency },
    alarmEmail: readAlarmEmail(sizes.alarmEmail),
    tracing: sizes.tracing,
    permissionsBoundary: sizes.permissionsBoundary,
    secretRecoveryDays: sizes.secretRecoveryDays,
    protect: sizes.protect ?? false,
    pin: sizes.artifact === undefined ? undefined : { artifact: sizes.artifact, commit: sizes.commit },
  };
}

/** A stack says by `none` that its alarms go elsewhere, or to nobody. */
function readAlarmEmail(value: string | undefined): string | undefined {
  if (value === undefined) {
    void pulumi.log.warn(
      `Nobody gets a mail when an alarm of stack ${pulumi.getStack()} goes off; set an address with ` +
        `${setCommand("line-bot:alarmEmail", "<address>")}, or \`none\` where that is meant.`,
    );
  }
  return value === "none" ? undefined : value;
}

function isLineApiUrl(value: string): boolean {
  try {
    parseLineApiUrl(value);
    return true;
  } catch {
    return false; // That it is refused is the answer.
  }
}

/** Exported by the SDK, and left out of its types: `Config` itself does not tell whether a value was encrypted. */
const { isConfigSecret: isSecret } = pulumi.runtime as unknown as { isConfigSecret: (key: string) => boolean };

const setCommand = (key: string, value: string) => `\`pulumi config set ${key} ${value} -s ${pulumi.getStack()}\``;
const missing = (key: string, command: string) =>
  `Missing ${key} in stack ${pulumi.getStack()}; set it with ${command}.`;

type Keys = Record<string, v.GenericSchema<string, unknown>>;
type Values<K extends Keys> = { [key in keyof K]: v.InferOutput<K[key]> | undefined };

function readKeys<K extends Keys>(namespace: string, keys: K, problems: string[]): Values<K> {
  const config = new pulumi.Config(namespace);
  const read = ([key, schema]: [string, v.GenericSchema<string, unknown>]) => {
    const value = config.get(key);
    if (value === undefined) return [key, undefined] as const;
    const parsed = v.safeParse(schema, value);
    if (parsed.success) return [key, parsed.output] as const;
    const name = `${namespace}:${key}`;
    problems.push(
      `${name} in stack ${pulumi.getStack()} is ${isSecret(name) ? "[secret]" : JSON.stringify(value)}, and has to be ${parsed.issues[0].message}; ` +
        `set it with ${setCommand(name, "<value>")}.`,
    );
    return [key, undefined] as const;
  };
  return Object.fromEntries(Object.entries(keys).map(read)) as Values<K>;
}

/** A typing mistake in a key would otherwise be a silent default. */
function refuseUnknownKeys(problems: string[]): void {
  const known: Record<string, readonly string[]> = {
    line: [...Object.keys(lineKeys), ...secretKeys],
    [pulumi.getProject()]: Object.keys(projectKeys),
  };
  for (const name of Object.keys(pulumi.runtime.allConfig())) {
    const [namespace = "", key = ""] = name.split(":");
    const keys = known[namespace];
    if (keys === undefined || keys.includes(key)) continue;
    problems.push(
      `${name} in stack ${pulumi.getStack()} is not a key of this program (${namespace}: has ${keys.join(", ")}); ` +
        `remove it with \`pulumi config rm ${name} -s ${pulumi.getStack()}\`.`,
    );
  }
}

/** The provider takes both from the configuration; the account guard keeps a stack out of another team's account. */
function requireAwsKeys(problems: string[]): void {
  const aws = new pulumi.Config("aws");
  const commands = {
    region: setCommand("aws:region", "ap-northeast-1"),
    allowedAccountIds: `\`pulumi config set --path --type string 'aws:allowedAccountIds[0]' <account id> -s ${pulumi.getStack()}\``,
  };
  for (const key of awsKeys) if (aws.get(key) === undefined) problems.push(missing(`aws:${key}`, commands[key]));
}

/** LINE sends what was throttled once only: the stage guards against floods, above what the function may run at once. */
function requireRoom(sizes: Values<typeof projectKeys>, problems: string[]): void {
  const { throttleBurstLimit: burst, reservedConcurrency: reserved } = sizes;
  if (burst === undefined || reserved === undefined || burst >= reserved) return;
  const name = `${pulumi.getProject()}:throttleBurstLimit`;
  problems.push(
    `${name} in stack ${pulumi.getStack()} is ${burst}, and has to be at least the ${reserved} of reservedConcurrency, ` +
      `or requests are refused that the function has room for; set it with ${setCommand(name, String(reserved))}.`,
  );
}

function readChannel(line: Values<typeof lineKeys>, problems: string[]): ChannelSource | undefined {
  const config = new pulumi.Config("line");
  const stack = pulumi.getStack();
  for (const key of secretKeys) {
    if (config.get(key) === undefined || isSecret(`line:${key}`)) continue;
    problems.push(
      `line:${key} in stack ${stack} is in plain text; encrypt it with \`pulumi config set --secret line:${key} -s ${stack}\`, ` +
        "and reissue it if the file was ever shared.",
    );
  }
  if (line.credentialsSecret !== undefined) return { credentialsSecretArn: line.credentialsSecret };
  if (config.get("channelId") === undefined)
    problems.push(missing("line:channelId", setCommand("line:channelId", "<id>")));
  const channelSecret = config.getSecret("channelSecret");
  if (channelSecret === undefined) {
    problems.push(missing("line:channelSecret", `\`pulumi config set --secret line:channelSecret -s ${stack}\``));
  }
  if (line.channelId === undefined || channelSecret === undefined) return undefined;
  return { channelId: line.channelId, channelSecret, channelAccessToken: config.getSecret("channelAccessToken") };
}
