import { createHash, createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { sign } from "@pulumi-line-bot/kit/signature";
import { callback, channelSecret, event, signed, textEvent } from "./cloud.ts";
import { startFunction } from "./setup.ts";

const body = callback(textEvent("hello"));

test("answers LINE's own example of a signed body with 200, and does nothing", async () => {
  await using fn = await startFunction();
  const ping = signed('{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}');
  ping.headers["x-line-signature"] = "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=";

  expect(await fn.status(ping)).toBe(200);
  expect(fn.cloud.calls.map(({ path }) => path)).toEqual(["/"]); // Secrets Manager, and nothing of LINE's.
});

test("checks the signature of an empty list of events too", async () => {
  await using fn = await startFunction();

  expect(await fn.status({ ...signed(callback()), headers: {} })).toBe(401);
  expect(await fn.status(signed(callback(), "another secret"))).toBe(401);
});

describe("the signature's header", () => {
  test.each(["x-line-signature", "X-Line-Signature", "X-LINE-SIGNATURE", "x-Line-signature"])(
    "is found as %s",
    async (name) => {
      await using fn = await startFunction();

      expect(
        await fn.status({ ...signed(body), headers: { "Content-Type": "x", [name]: sign(body, channelSecret) } }),
      ).toBe(200);
      expect(await fn.status({ ...signed(body), headers: { [name]: sign(body, "another secret") } })).toBe(401);
    },
  );

  test.each([
    ["missing", {}],
    ["missing with all headers", undefined],
    ["null with all headers", null],
    ["empty", { "x-line-signature": "" }],
    ["blank", { "x-line-signature": "   " }],
    ["no string", { "x-line-signature": 44 }],
    ["a list", { "x-line-signature": [sign(body, channelSecret)] }],
    ["the same twice", { "x-line-signature": `${sign(body, channelSecret)},${sign(body, channelSecret)}` }],
  ])("is refused when it is %s", async (_, headers) => {
    await using fn = await startFunction();

    expect(await fn.status({ ...signed(body), headers: headers as never })).toBe(401);
    expect(fn.cloud.replies()).toEqual([]);
  });
});

test.each([
  ["with one byte changed", body.replace("hello", "hellp")],
  ["pretty-printed", JSON.stringify(JSON.parse(body), null, 2)],
  ["with escapes for the same characters", body.replace("hello", String.raw`\u0068ello`)],
  ["with a line break after", `${body}\r\n`],
  ["with a byte order mark before", `\uFEFF${body}`],
  ["cut", body.slice(0, -1)],
  ["empty", ""],
])("refuses a body %s with the signature of another", async (_, changed) => {
  await using fn = await startFunction();

  expect(await fn.status({ ...signed(body), body: changed })).toBe(401);
});

test.each<[string, (signature: string) => string]>([
  ["a hexadecimal digest", (signature) => Buffer.from(signature, "base64").toString("hex")],
  ["a SHA-1 digest", () => createHmac("sha1", channelSecret).update(body).digest("base64")],
  ["a SHA-512 digest", () => createHmac("sha512", channelSecret).update(body).digest("base64")],
  ["as many characters of a SHA-512 digest", () => sha512Of(body).slice(0, 44)],
  ["a digest without a key", () => createHash("sha256").update(body).digest("base64")],
  ["another channel's secret", () => sign(body, "another secret")],
  ["no secret", () => sign(body, "\0")],
  ["base64 for URLs", (signature) => signature.replaceAll("+", "-").replaceAll("/", "_").replace("=", "")],
  ["base64 without its padding", (signature) => signature.replace("=", "")],
  ["base64 with a blank for its padding", (signature) => signature.replace("=", " ")],
  ["base64 with more padding", (signature) => `${signature}=`],
  ["base64 with a line break", (signature) => `${signature}\n`],
  ["base64 with what a decoder skips", (signature) => `${signature.slice(0, 20)}!!${signature.slice(20)}`],
  ["base64 whose last bits a decoder ignores", (signature) => signature.replace(/.=$/, otherEnding)],
  ["itself in quotes", (signature) => `"${signature}"`],
])("refuses a body whose signature is %s", async (_, change) => {
  await using fn = await startFunction();
  const request = signed(body);
  const signature = request.headers["x-line-signature"] ?? "";

  expect(change(signature)).not.toBe(signature);
  expect(await fn.status({ ...request, headers: { "x-line-signature": change(signature) } })).toBe(401);
  expect(await fn.status(request)).toBe(200);
});

const sha512Of = (text: string) => createHmac("sha512", channelSecret).update(text).digest("base64");

/** Another last digit of base64 that stands for the same bytes: two of its six bits belong to none. */
function otherEnding(ending: string): string {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return `${digits[digits.indexOf(ending[0] ?? "") ^ 1]}=`;
}

describe("a body in base64", () => {
  test.each(["application/json", "application/octet-stream", "text/plain; charset=Shift_JIS", undefined])(
    "is verified as bytes, whatever its content type says: %s",
    async (contentType) => {
      await using fn = await startFunction();
      const request = signed(Buffer.from(body));
      request.headers["content-encoding"] = "gzip";
      if (contentType !== undefined) request.headers["content-type"] = contentType;

      expect(await fn.status(request)).toBe(200);
      expect(fn.cloud.replies()).toEqual(["You said: hello"]);
    },
  );

  test.each([
    ["white space inside", (encoded: string) => `${encoded.slice(0, 8)}\n${encoded.slice(8)}`],
    ["other characters inside", (encoded: string) => `${encoded.slice(0, 8)}!!${encoded.slice(8)}`],
    ["something after its end", (encoded: string) => `${encoded}====`],
    ["a character cut", (encoded: string) => encoded.slice(0, -1)],
    ["no base64 in it at all", () => "%%%"],
  ])("is refused with %s", async (_, change) => {
    await using fn = await startFunction();
    const request = signed(Buffer.from(`${body} `)); // A length that leaves no padding.
    expect(await fn.status(request)).toBe(200);

    expect(await fn.status({ ...request, body: change(request.body) })).toBe(401);
  });

  test("is refused when its flag is missing, and so is a flag without base64", async () => {
    await using fn = await startFunction();
    const { isBase64Encoded: _, ...unflagged } = signed(Buffer.from(body));

    expect(await fn.status(unflagged)).toBe(401);
    expect(await fn.status({ ...signed(body), isBase64Encoded: true })).toBe(401);
  });
});

test.each([[undefined], [null], [42], [{}], [[body]]])("refuses %j in place of a body", async (notABody) => {
  await using fn = await startFunction();

  expect(await fn.status({ ...signed(body), body: notABody as never })).toBe(401);
});

test("refuses signed bytes that are not UTF-8, and a string that stands for other bytes", async () => {
  await using fn = await startFunction();
  const [before = "", after = ""] = body.split("hello");
  const bytes = Buffer.concat([Buffer.from(before), Buffer.from([0xff, 0xfe]), Buffer.from(after)]);

  expect(await fn.status(signed(bytes))).toBe(400);
  expect(await fn.status({ ...signed(bytes), body: bytes.toString("utf8"), isBase64Encoded: false })).toBe(401);
  // Both have the same UTF-8 when a lone surrogate is replaced.
  const replaced = signed(callback(textEvent("\uFFFD")));
  expect(await fn.status({ ...replaced, body: replaced.body.replace("\uFFFD", "\uD800") })).toBe(400);
  expect(fn.cloud.replies()).toEqual([]);
});

test.each([
  ["emoji", "🤨✋👩‍👩‍👧‍👦"],
  ["right to left", "\u202Eمرحبا"],
  ["a NUL and other controls", "a\0b\u0001\u001F\u007F"],
  ["line separators", "\u2028\u2029"],
  ["HTML and format strings", "<script>%s%n{{x}}${x}`'\""],
])("brings a text with %s to the bot as it was written", async (_, text) => {
  await using fn = await startFunction();

  expect(await fn.status(signed(callback(textEvent(text))))).toBe(200);
  expect(await fn.status(signed(Buffer.from(callback(textEvent(text)))))).toBe(200);
  expect(fn.cloud.replies()).toEqual([`You said: ${text}`, `You said: ${text}`]);
});

test("brings characters that LINE escaped to the bot, half a pair included", async () => {
  const texts: string[] = [];
  await using fn = await startFunction({
    bot: { message: { text: ({ event }) => void texts.push(event.message.text) } },
  });

  await fn.send(signed(callback(textEvent("TEXT")).replace("TEXT", String.raw`\uD83E\uDD28 \ud800`)));

  expect(texts).toEqual(["🤨 \uD800"]);
});

describe("the size", () => {
  const megabyte = 1024 * 1024;
  const ofBytes = (bytes: number) => {
    const empty = JSON.stringify({ destination: "U", events: [], padding: "" });
    return empty.replace('""}', `"${"x".repeat(bytes - empty.length)}"}`);
  };

  test.each([
    ["a megabyte", ofBytes(megabyte), 200],
    ["a megabyte and a byte", ofBytes(megabyte + 1), 413],
    ["ten megabytes", ofBytes(10 * megabyte), 413],
    ["a megabyte of characters with three bytes each", "あ".repeat(megabyte), 413],
  ])("of %s in text and in base64", async (_, large, status) => {
    await using fn = await startFunction();

    expect(await fn.status(signed(large))).toBe(status);
    expect(await fn.status(signed(Buffer.from(large)))).toBe(status);
  });

  test("is a stranger's before it is too large: only what LINE signed raises the alarm of what LINE sent", async () => {
    await using fn = await startFunction();
    const large = ofBytes(megabyte + 1);

    expect(await fn.status(signed(large, "another secret"))).toBe(401);
    expect(await fn.status(signed(large))).toBe(413);
    expect(fn.log()).toMatchObject([
      { level: "WARN", outcome: "not authentic" },
      { level: "ERROR", outcome: "too large" },
    ]);
  });
});

describe("a signed body that is not LINE's form", () => {
  const without = (name: string) => Object.fromEntries(Object.entries(event("follow")).filter(([key]) => key !== name));

  test.each<[string, string]>([
    ["the JSON", ""],
    ["the JSON", "{"],
    ["the JSON", `\uFEFF${body}`],
    ["the JSON", `${body}${body}`],
    ["the body", "null"],
    ["the body", "[]"],
    ["the body", '"events"'],
    ["the body", "[".repeat(100_000) + "]".repeat(100_000)],
    ["destination", '{"events":[]}'],
    ["destination", '{"destination":1,"events":[]}'],
    ["events", '{"destination":"U"}'],
    ["events", '{"destination":"U","events":{}}'],
    ["events", '{"destination":"U","events":"x"}'],
    ["destination", '{"__proto__":{"destination":"U","events":[]}}'],
    ["events[0]", callback(null)],
    ["events[0]", callback([])],
    ["events[0].type", callback(without("type"))],
    ["events[0].type", callback(event(""))],
    ["events[0].webhookEventId", callback(without("webhookEventId"))],
    ["events[0].webhookEventId", callback(event("follow", { webhookEventId: 1 }))],
    ["events[0].timestamp", callback(without("timestamp"))],
    ["events[0].timestamp", callback(event("follow", { timestamp: "1462629479859" }))],
    ["events[0].timestamp", callback(event("follow", { timestamp: -1 }))],
    ["events[0].timestamp", callback(event("follow", { timestamp: 1.5 }))],
    ["events[0].timestamp", callback(event("follow", { timestamp: 2 ** 53 }))],
    ["events[0].timestamp", callback(event("follow", { timestamp: 777 })).replace("777", "1e400")],
    ["events[0].mode", callback(without("mode"))],
    ["events[0].deliveryContext", callback(without("deliveryContext"))],
    ["events[0].deliveryContext", callback(event("follow", { deliveryContext: {} }))],
    ["events[0].source", callback(event("follow", { source: null }))],
    ["events[0].source", callback(event("follow", { source: {} }))],
    ["events[0].source.userId", callback(event("follow", { source: { type: "user", userId: 7 } }))],
    ["events[0].source.groupId", callback(event("join", { source: { type: "group" } }))],
    ["events[0].source.roomId", callback(event("join", { source: { type: "room", roomId: "" } }))],
    ["the depth of the body", callback(event("x", { y: 0 })).replace(":0", `:${"[".repeat(9e4)}${"]".repeat(9e4)}`)],
    [
      "the depth of the body",
      callback(event("x", { y: 0 })).replace(":0", `:${'{"a":'.repeat(600)}1${"}".repeat(600)}`),
    ],
  ])("is answered with 400, and the log names %s (case %#)", async (reason, malformed) => {
    await using fn = await startFunction({ bot: { otherwise: () => expect.unreachable() } });

    expect(await fn.status(signed(malformed))).toBe(400);
    expect(fn.log()).toMatchObject([{ message: "webhook", status: 400, outcome: "malformed", reason }]);
  });
});

test("takes the other events of a request when one is malformed, and says what is wrong with that", async () => {
  await using fn = await startFunction();
  const { webhookEventId: _, ...nameless } = textEvent("nameless");

  expect(await fn.status(signed(callback(textEvent("first"), null, nameless, textEvent("last"))))).toBe(200);

  expect(fn.cloud.replies()).toEqual(["You said: first", "You said: last"]);
  expect(fn.log().slice(0, 2)).toMatchObject([
    { level: "ERROR", message: "malformed events are not handled", events: 2, reason: "events[1]" },
    { level: "INFO", message: "webhook", status: 200, events: 2 },
  ]);
});

test("takes a body that is deep or broad within reason", async () => {
  await using fn = await startFunction();
  const deep = callback(event("x", { y: 0 })).replace(":0", `:${"[".repeat(400)}${"]".repeat(400)}`);

  expect(await fn.status(signed(deep))).toBe(200);
  expect(await fn.status(signed(callback(event("x", { y: Array.from({ length: 5000 }, () => [{}]) }))))).toBe(200);
});

test("is not polluted by properties named after an object's own", async () => {
  await using fn = await startFunction();
  const polluting = callback(event("follow", { replyToken: "t" })).replace(
    '"mode"',
    '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"hasOwnProperty":1,"mode"',
  );

  expect(await fn.status(signed(polluting))).toBe(200);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(fn.cloud.replies()).toHaveLength(1);
});

test("reads the last of two properties with one name, as every JSON parser here does", async () => {
  await using fn = await startFunction();

  expect(await fn.status(signed(`{"destination":"U","events":[null],"events":[]}`))).toBe(200);
  expect(await fn.status(signed(`{"destination":"U","events":[],"events":[null]}`))).toBe(400);
});

test("leaves events of another bot alone, and says so", async () => {
  const other = "Uffffffffffffffffffffffffffffffff";
  await using fn = await startFunction({ botUserId: other });

  expect(await fn.status(signed(body))).toBe(200);
  expect(fn.cloud.replies()).toEqual([]);
  expect(fn.log()).toMatchObject([
    { level: "ERROR", message: "events of another bot are not handled" },
    { message: "webhook", status: 200 },
  ]);

  expect(await fn.status(signed(body.replace(/U8e\w+/, other)))).toBe(200);
  expect(fn.cloud.replies()).toEqual(["You said: hello"]);
});

test("answers with a constant text and nothing that was sent", async () => {
  await using fn = await startFunction();

  const answers = await Promise.all([signed(body), { ...signed(body), body: "x" }, signed("x")].map(fn.send));

  const headers = { "content-type": "text/plain" };
  expect(answers).toEqual([
    { statusCode: 200, headers, body: "received" },
    { statusCode: 401, headers, body: "not authentic" },
    { statusCode: 400, headers, body: "malformed" },
  ]);
});
