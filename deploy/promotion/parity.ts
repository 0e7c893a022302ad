import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";

type Config = Readonly<Record<string, unknown>>;

/** What may differ between two stacks of one bot, and why. Every other key has to be the same, or be allowed by name. */
const mayDiffer: readonly [why: string, keys: RegExp][] = [
  ["account and region", /^(aws:|line-bot:permissionsBoundary$)/],
  ["the channel", /^line:(channelId|channelSecret|channelAccessToken|credentialsSecret|credentialsKey|bot)$/],
  ["how careful it is with the channel", /^line:(requireActive|takeOver|onDestroy)$/],
  ["sizes", /^line-bot:(memorySizeMb|throttle\w+|reservedConcurrency|workerMemorySizeMb|workerConcurrency)$/],
  ["how long things are kept", /^line-bot:(logRetentionDays|secretRecoveryDays|protect)$/],
  ["who watches, and what they see", /^line-bot:(alarmEmail|tracing|logErrorMessages)$/],
  ["the pin", /^line-bot:(artifact|commit)$/],
];

/** Without one of each, a stack cannot be deployed. */
const needed: readonly (readonly string[])[] = [
  ["aws:region"],
  ["aws:allowedAccountIds"],
  ["line:channelId", "line:credentialsSecret"],
  ["line:channelSecret", "line:credentialsSecret"],
];

export interface Parity {
  /** Settings that have another value in each stack, as they may. */
  different: string[];
  /** Settings that have another value in each stack, or are missing in one, as they may not. */
  contrary: { key: string; says: string }[];
  /** To be set before the second stack can be deployed. */
  missing: string[];
}

interface Side {
  stack: string;
  config: Config;
}

/** @param allowed keys that a person let differ by name */
export function compareConfigurations(from: Side, to: Side, allowed: ReadonlySet<string>): Parity {
  const keys = [...new Set([...Object.keys(from.config), ...Object.keys(to.config)])].toSorted();
  const different = keys.filter((key) => !isDeepStrictEqual(from.config[key], to.config[key]));
  const isFree = (key: string) => allowed.has(key) || mayDiffer.some(([, pattern]) => pattern.test(key));
  return {
    different: different.filter(isFree),
    contrary: different.filter((key) => !isFree(key)).map((key) => ({ key, says: describe(key, from, to) })),
    missing: needed
      .filter((names) => names.every((name) => to.config[name] === undefined))
      .map((names) => names.join(" or ")),
  };
}

function describe(key: string, from: Side, to: Side): string {
  const absent = [from, to].find(({ config }) => config[key] === undefined);
  if (absent !== undefined) return `${key} is missing in ${absent.stack}`;
  return `${key} is ${show(from.config[key])} in ${from.stack} and ${show(to.config[key])} in ${to.stack}`;
}

const show = (value: unknown): string => (holdsSecret(value) ? "[secret]" : JSON.stringify(value));

const holdsSecret = (value: unknown): boolean =>
  typeof value === "object" && value !== null && ("secure" in value || Object.values(value).some(holdsSecret));

export function parseConfig(stackFile: string): Config {
  const { config } = (parse(stackFile) ?? {}) as { config?: Config | null };
  return config ?? {};
}
