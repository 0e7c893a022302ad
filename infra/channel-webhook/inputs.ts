import { isDeepStrictEqual } from "node:util";
import * as v from "valibot";
import { isLoopback, lineApiUrl, parseLineApiUrl } from "../../line/api-url.ts";
import { liveVersion } from "./live-versions.ts";

/** Former states may have `true` or `false`, which was a consent to any URL: it names none. */
const takeOver = v.optional(
  v.pipe(
    v.union([v.string(), v.boolean()]),
    v.transform((value) => (typeof value === "string" ? value : undefined)),
  ),
);

/** What the program gives, with the default of everything that it may leave out. An input that comes later has one. */
const inputsSchema = v.object({
  endpoint: v.string(),
  credentials: v.string(),
  artifact: v.optional(v.string()),
  live: v.optional(v.array(liveVersion), () => []),
  bot: v.optional(v.string()),
  takeOver,
  onDestroy: v.optional(v.picklist(["restore", "keep"]), "restore"),
  verify: v.optional(v.boolean(), true),
  requireActive: v.optional(v.boolean(), false),
  apiUrl: v.optional(v.string(), lineApiUrl),
});
export type WebhookInputs = v.InferOutput<typeof inputsSchema>;
type InputName = keyof WebhookInputs;

const factsSchema = v.object({
  botUserId: v.string(),
  botBasicId: v.string(),
  botName: v.string(),
  active: v.boolean(),
  /** The URL that this resource set last; `endpoint` is the channel's, as it was last seen. */
  registeredEndpoint: v.string(),
  /** What to restore. */
  formerEndpoint: v.optional(v.string()),
  /** The artifacts with which LINE's test succeeded, the latest first. */
  provenArtifacts: v.optional(v.array(v.string()), () => []),
  /** The URLs that this resource set before. */
  ownEndpoints: v.optional(v.array(v.string()), () => []),
});
type Facts = v.InferInput<typeof factsSchema>;

/** The state: the inputs as given, so far as they are fulfilled, and what was found out. */
const stateSchema = v.object({ ...inputsSchema.entries, ...factsSchema.entries });
export type WebhookState = v.InferOutput<typeof stateSchema>;

export type Properties = Record<string, unknown>;

export const parseInputs = (properties: Properties): WebhookInputs => v.parse(inputsSchema, properties);
export const parseState = (properties: Properties): WebhookState => v.parse(stateSchema, properties);

const inputNames = Object.keys(inputsSchema.entries) as InputName[];

/** The inputs among a state's properties: as given, without the defaults of what was not. */
export const pickInputs = (properties: Properties): Properties =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => name in inputsSchema.entries));

/**
 * The state's properties. What was asked for and could not be had is not in them: to the next `diff` it is still to
 * do, also after a refresh, which forgets that an operation failed.
 */
export function toProperties(inputs: Properties, facts: Facts, unmet: Partial<WebhookInputs> = {}): Properties {
  return { ...pickInputs(inputs), ...unmet, ...facts };
}

/**
 * Which inputs would need an update. The pin is no property of the channel: it says which channel is meant. Neither is
 * a consent: a new one is reason to look at the channel again, and one that is taken back is none.
 */
export function compareInputs(olds: Properties, news: Properties): InputName[] {
  const [before, after] = [parseInputs(olds), parseInputs(news)];
  const isNoReason = (name: InputName) => name === "bot" || (name === "takeOver" && after.takeOver === undefined);
  return inputNames.filter((name) => !isNoReason(name) && !isDeepStrictEqual(before[name], after[name]));
}

/** How a value that will be known only later arrives at a dynamic provider during a preview. */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
export const isKnown = (value: unknown): boolean => value !== unknown;

export interface Failure {
  property: string;
  reason: string;
}

/** LINE takes at most this many characters. */
const longest = 500;

const secretArn = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+$/;
const url = /^https:\/\/\S+$/;
const pin = /^(U[0-9a-f]{32}|@[a-z0-9._-]+)$/;

/** What LINE would refuse, or would never reach, found before anything is touched. */
export function checkInputs(properties: Properties): Failure[] {
  const known = Object.fromEntries(Object.entries(properties).filter(([, value]) => isKnown(value)));
  const missing = required.filter((name) => properties[name] === undefined);
  const parsed = v.safeParse(partialSchema, known);
  return [
    ...missing.map((property) => ({ property, reason: "is missing" })),
    ...(parsed.issues ?? []).map((issue) => ({ property: v.getDotPath(issue) ?? "", reason: issue.message })),
    ...(parsed.success ? checkValues(parsed.output, "apiUrl" in properties && !("apiUrl" in known)) : []),
    ...(typeof known["takeOver"] === "boolean" ? [{ property: "takeOver", reason: noConsent }] : []),
  ];
}

const noConsent =
  'is a yes to any URL, and has to name the one that may be replaced, such as "https://example.com/webhook" (leave it out if none may)';

const partialSchema = v.partial(inputsSchema);
const required: InputName[] = ["endpoint", "credentials"];

function checkValues(
  { endpoint, credentials, bot, takeOver, apiUrl = lineApiUrl }: v.InferOutput<typeof partialSchema>,
  isApiUnknown: boolean,
) {
  const api = tryApiUrl(apiUrl);
  const mayBeSimulator = isApiUnknown || (api instanceof URL && isLoopback(api));
  const reasons: Partial<Record<InputName, string | undefined>> = {
    endpoint: endpoint === undefined ? undefined : refuseEndpoint(endpoint, mayBeSimulator),
    credentials: refuseOther(credentials, secretArn, "has to be the ARN of a secret in Secrets Manager"),
    takeOver: refuseOther(takeOver, url, "has to be the URL that may be replaced, as LINE has it"),
    bot: refuseOther(bot, pin, "has to be a bot's user ID (U and 32 hexadecimal digits) or basic ID (@…)"),
    apiUrl: api instanceof Error ? api.message : undefined,
  };
  return Object.entries(reasons).flatMap(([property, reason]) => (reason === undefined ? [] : [{ property, reason }]));
}

const refuseOther = (value: string | undefined, form: RegExp, reason: string) =>
  value === undefined || form.test(value) ? undefined : `${JSON.stringify(value)} ${reason}`;

function tryApiUrl(value: string): URL | Error {
  try {
    return parseLineApiUrl(value);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function refuseEndpoint(endpoint: string, isSimulator: boolean): string | undefined {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const rules: [boolean, string][] = [
    [/\s/.test(endpoint), "has white space in it"],
    [url === undefined, "is not a URL"],
    [url !== undefined && url.protocol !== "https:", "has to start with https://"],
    [endpoint.length > longest, `is longer than the ${longest} characters that LINE takes`],
    [
      /\P{ASCII}/u.test(endpoint),
      "has characters beyond ASCII: write the host in punycode and percent-encode the rest",
    ],
    [url !== undefined && `${url.username}${url.password}` !== "", "has a user or password in it, which LINE refuses"],
    [
      url !== undefined && !isSimulator && isUnreachable(url.hostname),
      "is a host that LINE cannot reach, or has no certificate for",
    ],
  ];
  const broken = rules.find(([isBroken]) => isBroken);
  if (broken === undefined) return undefined;
  // A password does not belong into a message, nor does a page of text.
  const shown = url?.password
    ? "the URL"
    : JSON.stringify(endpoint.length > 120 ? `${endpoint.slice(0, 120)}…` : endpoint);
  return `${shown} ${broken[1]}`;
}

const isUnreachable = (host: string) =>
  host === "localhost" || host.endsWith(".localhost") || host.startsWith("[") || /^\d+(\.\d+){3}$/.test(host);
