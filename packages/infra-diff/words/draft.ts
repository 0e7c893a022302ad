import { type ComparedResource, type ComparedStack, kindNameOf } from "../compared.ts";
import { type Finding, joined, type Label, type Phrase, say } from "../model.ts";

/** Something to be said about one stack. */
export interface Draft extends Omit<Finding, "stacks"> {
  /** What the phrase is said of, and begins with: the same of several is said once. */
  subject?: Subject;
}

export type Subject = Pick<ComparedResource, "type" | "name">;

export type Rule = (resource: ComparedResource, stack: ComparedStack) => Draft[];

const draft =
  (weight: Draft["weight"]) =>
  (phrase: Phrase, label?: Label, subject?: Subject): Draft => ({
    weight,
    phrase,
    ...(label && { label }),
    ...(subject && { subject: { type: subject.type, name: subject.name } }),
  });

/** Something is lost, or stops working. */
export const danger = draft("danger");
/** Somebody should look at it before it is merged. */
export const caution = draft("caution");
export const notice = draft("notice");

/** What people call them. */
const nouns: Record<string, string> = {
  "aws:apigatewayv2/api:Api": "API",
  "aws:apigatewayv2/route:Route": "route",
  "aws:apigatewayv2/stage:Stage": "API stage",
  "aws:cloudwatch/logGroup:LogGroup": "log group",
  "aws:cloudwatch/metricAlarm:MetricAlarm": "alarm",
  "aws:iam/rolePolicy:RolePolicy": "role policy",
  "aws:iam/role:Role": "role",
  "aws:kms/key:Key": "key",
  "aws:lambda/eventSourceMapping:EventSourceMapping": "event source",
  "aws:lambda/function:Function": "function",
  "aws:secretsmanager/secret:Secret": "secret",
  "aws:secretsmanager/secretVersion:SecretVersion": "secret's value",
  "aws:sns/topic:Topic": "topic",
  "pulumi-nodejs:dynamic/line:LineChannelWebhook": "channel webhook",
};

/** Such as `metric filter`, of a type that has no name of its own here. */
function nounOf(type: string): string {
  return (
    nouns[type] ??
    kindNameOf(type)
      .replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`)
      .toLowerCase()
  );
}

export const named = ({ type, name }: Subject): Phrase => [`the ${nounOf(type)} `, ...say`${name}`];

/** The draft as a sentence about these. */
export function about(subjects: Subject[], { phrase }: Draft): Phrase {
  const [first] = subjects;
  if (first === undefined) return phrase;
  if (subjects.length === 1) return sentence(named(first), " ", phrase);
  return sentence(
    `each of the ${pluralOf(nounOf(first.type))} `,
    listOf(
      subjects.map(({ name }) => name),
      12,
    ),
    " ",
    phrase,
  );
}

const pluralOf = (noun: string): string =>
  noun.endsWith("y") ? `${noun.slice(0, -1)}ies` : `${noun}${/[sx]$/.test(noun) ? "es" : "s"}`;

/** A sentence begins with a capital letter. */
export function sentence(...parts: (Phrase | string)[]): Phrase {
  const [first, ...rest] = parts.flat();
  if (typeof first !== "string") return [...(first === undefined ? [] : [first]), ...rest];
  return joined([`${first.charAt(0).toUpperCase()}${first.slice(1)}`, ...rest]);
}

/** `one`, `two` and `three`; of many, the first few and how many more. */
export function listOf(items: (Phrase | string)[], most = 6): Phrase {
  const shown = items.slice(0, most).map((item) => (typeof item === "string" ? say`${item}` : item));
  const more = items.length - shown.length;
  if (more > 0) shown.push([`${more} more`]);
  return shown.flatMap((item, index) => (index === 0 ? item : [index === shown.length - 1 ? " and " : ", ", ...item]));
}
