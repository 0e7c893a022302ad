import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import type { Bot } from "../../functions/bot-interface.ts";
import { hasWebhookDescription, kindsOf, samplesOf, webhookDescription } from "../support/webhook-samples.ts";
import { callback, event, nextEventId, signed, textEvent } from "./cloud.ts";
import { startFunction } from "./setup.ts";

describe.skipIf(!hasWebhookDescription)("LINE's OpenAPI description of webhooks", () => {
  test.each(kindsOf("Event"))("has the event %s, which reaches its handler in each of its variants", async (type) => {
    const events = samplesOf("Event")
      .filter((sample) => sample["type"] === type)
      .map((sample) => Object.assign(sample, { webhookEventId: nextEventId(), timestamp: Date.now() }));
    expect(events.length).toBeGreaterThan(1);
    const handled: unknown[] = [];
    const handler = ({ event }: { event: unknown }) => void handled.push(event);
    const messages = kindsOf("MessageContent");
    const bot = {
      [type]: type === "message" ? Object.fromEntries(messages.map((name) => [name, handler])) : handler,
    } as Bot;
    await using fn = await startFunction({ bot });

    expect(await fn.status(signed(callback(...events)))).toBe(200);

    const active = events.filter(({ mode }) => mode === "active");
    expect(active.length).toBeGreaterThan(0);
    expect(handled).toHaveLength(active.length);
    expect(handled).toEqual(expect.arrayContaining(active));
  });

  test("describes the events that the other tests send", () => {
    const ajv = new Ajv({ strict: false, formats: { int64: true, int32: true, uri: true } });
    ajv.addSchema({ $id: "line", ...webhookDescription });
    const isValid = (name: string, value: unknown) => {
      const validate = ajv.compile({ $ref: `line#/components/schemas/${name}` });
      return validate(JSON.parse(JSON.stringify(value))) || validate.errors;
    };

    expect(isValid("CallbackRequest", JSON.parse(callback(event("unfollow"), textEvent("hello"))))).toBe(true);
    expect(isValid("MessageEvent", textEvent("hello"))).toBe(true);
    expect(isValid("TextMessageContent", textEvent("hello")["message"])).toBe(true);
    expect(isValid("MessageEvent", event("message"))).not.toBe(true);
  });
});
