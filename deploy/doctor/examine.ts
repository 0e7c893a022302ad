import { stripVTControlCharacters } from "node:util";
import { messageOf } from "@pulumi-line-bot/kit/message-of";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { answers, certificate, refusals } from "./endpoint-links.ts";
import { accessToken, active, bot, credentials, registered, tested } from "./line-links.ts";
import type { Facts, Finding, Link, World } from "./link.ts";
import { alarms, alarmsHeard, deadLetters, queue } from "./queue-links.ts";
import { reproducible } from "./reproducible-link.ts";
import { artifact, deployed, drift, tools } from "./stack-links.ts";

/** The chain, in the order in which its links can be looked at. */
const links: readonly Link[] = [
  tools,
  reproducible,
  deployed,
  credentials,
  accessToken,
  bot,
  registered,
  active,
  certificate,
  answers,
  refusals,
  tested,
  queue,
  deadLetters,
  alarms,
  alarmsHeard,
  artifact,
  drift,
];

export interface Diagnosis extends Omit<Finding, "found"> {
  link: string;
}

export interface Examination {
  diagnoses: Diagnosis[];
  facts: Partial<Facts>;
}

/** Looks at each link in turn, and leaves out what an earlier one gave no ground for. */
export async function examine(world: World, tell: (diagnosis: Diagnosis) => void): Promise<Examination> {
  const diagnoses: Diagnosis[] = [];
  let facts: Partial<Facts> = {};
  for (const each of links) {
    const { found, ...finding } = await look(each, facts, world);
    facts = { ...facts, ...found };
    // What comes from outside may hold control characters of a terminal.
    const diagnosis = { link: each.name, ...finding, says: stripVTControlCharacters(finding.says) };
    diagnoses.push(diagnosis);
    tell(diagnosis);
  }
  return { diagnoses, facts };
}

async function look(each: Link, facts: Partial<Facts>, world: World): Promise<Finding> {
  const missing = each.needs.find((name) => facts[name] === undefined);
  if (missing !== undefined) {
    const before = links.find(({ gives }) => gives === missing);
    return { status: "skipped", says: `needs "${before?.name ?? missing}" to be fine first` };
  }
  try {
    return await each.check(facts as Facts, world);
  } catch (error) {
    // A mistake of ours must not pass for one of the chain's.
    if (isOurs(error)) throw error;
    const todo = typeof each.otherwise === "string" ? each.otherwise : each.otherwise(world);
    return { status: "failed", says: describe(error), todo };
  }
}

/** `fetch` reports what the network does as a TypeError with a cause. */
const isOurs = (error: unknown): boolean =>
  !(error instanceof Error) ||
  (error instanceof TypeError && error.cause === undefined) ||
  error instanceof ReferenceError;

function describe(error: unknown): string {
  if (!(error instanceof Error) || error instanceof UserError) return messageOf(error);
  const { message, name, cause } = error;
  const reason =
    cause instanceof Error && !message.includes(cause.message) ? ` (${cause.message || codeOf(cause)})` : "";
  return `${message || codeOf(error) || name}${reason}`;
}
const codeOf = (error: Error): string => ("code" in error ? String(error.code) : "");
