import {
  FilterLogEventsCommand,
  paginateFilterLogEvents,
  type FilteredLogEvent,
} from "@aws-sdk/client-cloudwatch-logs";
import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createLogsClient } from "./support/cloudwatch.ts";
import { shareAws } from "./support/local-aws.ts";

const aws = shareAws();
const EARLY = Date.UTC(2026, 0, 1);
let groups = 0;

/** A group's lines, a second apart, in the files where a former run has left them. */
async function createLog(messages: string[], streams = ["one"]): Promise<string> {
  const group = `group-${++groups}`;
  const folder = join(aws.dataDir, "logs", group);
  await mkdir(folder, { recursive: true });
  for (const [number, stream] of streams.entries()) {
    const lines = messages.flatMap((message, index) =>
      index % streams.length === number ? [`${JSON.stringify({ timestamp: EARLY + index * 1000, message })}\n`] : [],
    );
    await appendFile(join(folder, `${stream}.jsonl`), lines.join(""));
  }
  return group;
}

async function find(logGroupName: string, more: object = {}): Promise<FilteredLogEvent[]> {
  const found: FilteredLogEvent[] = [];
  for await (const { events = [] } of paginateFilterLogEvents(
    { client: createLogsClient(aws) },
    { logGroupName, ...more },
  ))
    found.push(...events);
  return found;
}

const messagesOf = (events: FilteredLogEvent[]): (string | undefined)[] => events.map(({ message }) => message);

describe("a search in logs", () => {
  test("goes through several streams in the order of time", async () => {
    const group = await createLog(["a", "b", "c", "d"], ["one", "two"]);

    expect(messagesOf(await find(group))).toEqual(["a", "b", "c", "d"]);
    expect(messagesOf(await find(group, { logStreamNames: ["two"] }))).toEqual(["b", "d"]);
    expect(messagesOf(await find(group, { logStreamNamePrefix: "o" }))).toEqual(["a", "c"]);
  });

  test("begins at a time and ends before one", async () => {
    const group = await createLog(["a", "b", "c", "d"]);

    const found = await find(group, { startTime: EARLY + 1000, endTime: EARLY + 3000 });

    expect(messagesOf(found)).toEqual(["b", "c"]);
    expect(found[0]).toMatchObject({ logStreamName: "one", timestamp: EARLY + 1000, ingestionTime: EARLY + 1000 });
  });

  test("gives each event an id of its own, whatever else is found", async () => {
    const group = await createLog(["a", "b", "c", "d"], ["one", "two"]);

    const all = await find(group);
    const later = await find(group, { startTime: EARLY + 2000 });

    expect(new Set(all.map(({ eventId }) => eventId)).size).toBe(4);
    expect(later).toEqual(all.slice(2));
  });

  test("comes in pages that miss nothing and repeat nothing, by number and by size", async () => {
    const numbered = await createLog(
      Array.from({ length: 10 }, (_, index) => `line ${index}`),
      ["one", "two", "three"],
    );
    const long = await createLog(Array.from({ length: 5 }, (_, index) => `${index}`.repeat(600_000)));

    expect(messagesOf(await find(numbered, { limit: 3 }))).toEqual(
      Array.from({ length: 10 }, (_, index) => `line ${index}`),
    );
    expect(messagesOf(await find(long)).map((message) => message?.[0])).toEqual(["0", "1", "2", "3", "4"]);
    const { events, nextToken } = await createLogsClient(aws).send(new FilterLogEventsCommand({ logGroupName: long }));
    expect(events).toHaveLength(1);
    expect(nextToken).toBeTypeOf("string");
  });

  test("goes on where it ended, though lines have come in between", async () => {
    const group = await createLog(["a", "b", "c"]);
    const client = createLogsClient(aws);
    const first = await client.send(new FilterLogEventsCommand({ logGroupName: group, limit: 2 }));
    const late = { timestamp: EARLY + 500, message: "late" };
    await appendFile(join(aws.dataDir, "logs", group, "two.jsonl"), `${JSON.stringify(late)}\n{"timestamp":17`);

    const next = await client.send(new FilterLogEventsCommand({ logGroupName: group, nextToken: first.nextToken }));

    expect(messagesOf(next.events ?? [])).toEqual(["c"]);
    expect(messagesOf(await find(group))).toEqual(["a", "late", "b", "c"]);
  });

  test("pages through what a pattern finds among many", async () => {
    const group = await createLog(
      Array.from({ length: 5000 }, (_, index) => JSON.stringify({ status: index % 10 === 0 ? 401 : 200, index })),
    );

    const found = await find(group, { filterPattern: "{ $.status = 401 }", limit: 99 });

    expect(found).toHaveLength(500);
    expect(found[499]?.message).toBe('{"status":401,"index":4990}');
  });
});

describe("a filter pattern", () => {
  const LINES = {
    full: '{"status":401,"text":"not found","ms":12.5,"ok":true,"none":null,"deep":{"list":[{"name":"a b"}]},"odd key":"x"}',
    text: '{"status":"401","text":"found","ok":false}',
    plain: 'ERROR [main] it failed: "{status}"',
    warn: "WARN it nearly failed",
    list: "[1,2]",
  };

  test.each<[string, (keyof typeof LINES)[]]>([
    ["", ["full", "text", "plain", "warn", "list"]],
    ["{ $.status = 401 }", ["full"]],
    ['{ $.status = "401" }', ["text"]],
    ["{$.status=401}", ["full"]],
    ["{ $.status != 401 }", ["text"]],
    ["{ $.status = 4* }", ["full", "text"]],
    ["{ $.status = * }", ["full", "text"]],
    ['{ $.text = "*found" }', ["full", "text"]],
    ['{ $.text = "not f*d" }', ["full"]],
    ["{ $.text = found }", ["text"]],
    ['{ $.text != "found" }', ["full"]],
    ["{ $.ms > 12 && $.ms <= 12.5 }", ["full"]],
    ["{ $.ms < 12.5 }", []],
    ["{ $.ms >= 1.25e1 }", ["full"]],
    ["{ $.status >= 400 }", ["full"]],
    ["{ $.ok IS TRUE }", ["full"]],
    ["{ $.ok IS FALSE }", ["text"]],
    ["{ $.none IS NULL }", ["full"]],
    ["{ $.none NOT EXISTS }", ["text"]],
    ['{ $.deep.list[0].name = "a b" }', ["full"]],
    ["{ $['odd key'] = x }", ["full"]],
    ['{ $.status = 500 || $.status = 401 && $.text = "not found" }', ["full"]],
    ['{ ($.status = 401 || $.status = "401") && $.text = "found" }', ["text"]],
    ["ERROR", ["plain"]],
    ["error", []],
    ["it failed", ["plain", "warn"]],
    ['"it failed"', ["plain"]],
    ["failed -nearly", ["plain"]],
    ["-failed", ["full", "text", "list"]],
    ["?ERROR ?WARN", ["plain", "warn"]],
    [String.raw`"\"{status}\""`, ["plain"]],
    ['"[main]" failed', ["plain"]],
  ])("%s finds what CloudWatch finds", async (filterPattern, expected) => {
    const group = await createLog(Object.values(LINES));

    expect(messagesOf(await find(group, { filterPattern }))).toEqual(expected.map((name) => LINES[name]));
  });

  test.each(["[ip, user]", "%x%", "{ $.a = %x% }", "a-b", "{ $.a"])("%s is refused", async (filterPattern) => {
    const group = await createLog(["x"]);

    await expect(find(group, { filterPattern })).rejects.toThrow(/The filter pattern|is no term/);
  });
});
