import type { webhook } from "@line/bot-sdk";

/** What LINE sends: events of one bot, which may be of several users, and may be none. */
export interface Callback {
  /** The user id of the bot. */
  destination: string;
  events: webhook.Event[];
  /** What is wrong with events that are left out, as in `events[1].type`. */
  malformed: string[];
}

/** LINE signed it, and it is not what LINE documents. The message names the property, never its value. */
export class MalformedCallback extends Error {
  override readonly name = "MalformedCallback";
}

/** LINE's deepest event has seven levels. Past a few thousand, `JSON.stringify` runs out of stack. */
const mostLevels = 500;

/**
 * Parses a webhook's body and checks what every event has in common. Event types and properties that are not known
 * pass: LINE adds some without notice. So anyone who reads what belongs to one type still has to look. An event that lacks
 * what all have in common does not keep others from being taken: LINE would send them all again, or none.
 *
 * Written by hand: it is on the path of every request, where a schema library costs as much as the signature.
 * @see https://developers.line.biz/en/reference/messaging-api/#request-body
 * @throws {MalformedCallback} when there is nothing in it to be taken, though there should be.
 */
export function parseCallback(text: string): Callback {
  const body = parseJson(text);
  if (!isObject(body)) throw new MalformedCallback("the body");
  const { destination, events } = body;
  if (typeof destination !== "string") throw new MalformedCallback("destination");
  if (!Array.isArray(events)) throw new MalformedCallback("events");
  const malformed: string[] = [];
  for (const [index, event] of events.entries()) {
    const wrong = findWrongProperty(event);
    if (wrong !== undefined) malformed.push(`events[${index}]${wrong}`);
  }
  if (malformed[0] !== undefined && malformed.length === events.length) throw new MalformedCallback(malformed[0]);
  if (!hasFewBrackets(text) && nestsDeeperThan(mostLevels, body)) throw new MalformedCallback("the depth of the body");
  const isWellFormed = (event: unknown) => findWrongProperty(event) === undefined;
  return { destination, events: malformed.length > 0 ? events.filter(isWellFormed) : events, malformed };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw new MalformedCallback("the JSON");
  }
}

function findWrongProperty(event: unknown): string | undefined {
  if (!isObject(event)) return "";
  const { type, webhookEventId, timestamp, mode, deliveryContext, source } = event;
  if (!isFilled(type)) return ".type";
  if (!isFilled(webhookEventId)) return ".webhookEventId";
  if (!Number.isSafeInteger(timestamp) || (timestamp as number) < 0) return ".timestamp";
  if (!isFilled(mode)) return ".mode";
  if (!isObject(deliveryContext) || typeof deliveryContext["isRedelivery"] !== "boolean") return ".deliveryContext";
  return source === undefined ? undefined : findWrongSource(source);
}

/** A failed account link has no source at all; a user who gave no consent has a source without `userId`. */
function findWrongSource(source: unknown): string | undefined {
  if (!isObject(source) || !isFilled(source["type"])) return ".source";
  if (source["type"] === "group" && !isFilled(source["groupId"])) return ".source.groupId";
  if (source["type"] === "room" && !isFilled(source["roomId"])) return ".source.roomId";
  return source["userId"] === undefined || isFilled(source["userId"]) ? undefined : ".source.userId";
}

const isFilled = (value: unknown) => typeof value === "string" && value !== "";

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Nothing nests deeper than it has brackets, and a usual body has few: then there is nothing to walk. */
function hasFewBrackets(text: string): boolean {
  if (text.length <= 2 * mostLevels) return true;
  let left = mostLevels;
  for (const bracket of "{[") {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      left -= 1;
      if (left < 0) return false;
    }
  }
  return true;
}

function nestsDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => nestsDeeperThan(levels - 1, inner));
}
