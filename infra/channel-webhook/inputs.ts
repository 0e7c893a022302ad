import * as v from "valibot";
import { isLoopback, lineApiUrl, parseLineApiUrl } from "../../line/api-url.ts";

/** What the program gives, with the default of everything that it may leave out. */
const inputsSchema = v.object({
  endpoint: v.string(),
  credentials: v.string(),
  artifact: v.optional(v.string()),
  bot: v.optional(v.string()),
  takeOver: v.optional(v.boolean(), false),
  onDestroy: v.optional(v.picklist(["restore", "keep"]), "restore"),
  verify: v.optional(v.boolean(), true),
  requireActive: v.optional(v.boolean(), false),
  apiUrl: v.optional(v.string(), lineApiUrl),
});
export type WebhookInputs = v.InferOutput<typeof inputsSchema>;

/** The state: the inputs, and what was found out. A property that came later is optional for ever. */
const outputsSchema = v.object({
  ...inputsSchema.entries,
  botUserId: v.string(),
  botBasicId: v.string(),
  botName: v.string(),
  active: v.boolean(),
  /** The URL that this resource set last; `endpoint` is the channel's, as it was last seen. */
  registeredEndpoint: v.string(),
  /** What to restore. */
  formerEndpoint: v.optional(v.string()),
});
export type WebhookOutputs = v.InferOutput<typeof outputsSchema>;

export const parseInputs = (properties: unknown): WebhookInputs => v.parse(inputsSchema, properties);
export const parseOutputs = (properties: unknown): WebhookOutputs => v.parse(outputsSchema, properties);

/** How a value that will be known only later arrives at a dynamic provider during a preview. */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
export const isKnown = (value: unknown): boolean => value !== unknown;

export interface Failure {
  property: string;
  reason: string;
}

/** LINE takes at most this many characters. */
const longest = 500;

/** What LINE would refuse, or would never reach, found before anything is touched. */
export function checkInputs(properties: Record<string, unknown>): Failure[] {
  const known = Object.entries(properties).filter(([, value]) => isKnown(value));
  const parsed = v.safeParse(v.partial(inputsSchema), Object.fromEntries(known));
  if (!parsed.success) {
    return parsed.issues.map((issue) => ({ property: v.getDotPath(issue) ?? "", reason: issue.message }));
  }
  const { endpoint, apiUrl } = parsed.output;
  const failures: Failure[] = [];
  const api = tryApiUrl(apiUrl ?? lineApiUrl);
  if (api instanceof Error) failures.push({ property: "apiUrl", reason: api.message });
  const reason = endpoint === undefined ? undefined : refuseEndpoint(endpoint, api instanceof URL && isLoopback(api));
  if (reason !== undefined) failures.push({ property: "endpoint", reason });
  return failures;
}

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
    [
      url !== undefined && !isSimulator && isUnreachable(url.hostname),
      "is a host that LINE cannot reach, or has no certificate for",
    ],
  ];
  const broken = rules.find(([isBroken]) => isBroken);
  return broken === undefined ? undefined : `${JSON.stringify(endpoint)} ${broken[1]}`;
}

const isUnreachable = (host: string) =>
  host === "localhost" || host.endsWith(".localhost") || host.startsWith("[") || /^\d+(\.\d+){3}$/.test(host);
