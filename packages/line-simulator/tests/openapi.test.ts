import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { generateTable } from "../openapi/generate.ts";
import { handlers, tokenHandlers } from "../api/handlers.ts";
import { operations } from "../openapi/table.ts";
import { answerProblems, hasOpenApi, openApiFolder, webhookProblems } from "./openapi.ts";

describe("the table of routes and shapes", () => {
  it.skipIf(!hasOpenApi)("is what LINE's descriptions say", async () => {
    const committed = new URL("../openapi/api.generated.json", import.meta.url);

    expect(await generateTable(fileURLToPath(openApiFolder))).toBe(await readFile(committed, "utf8"));
  });

  it("has an operation for every handler", () => {
    const ids = new Set(operations.map(({ id }) => id));

    const unknown = [...Object.keys(handlers), ...Object.keys(tokenHandlers)].filter((id) => !ids.has(id));

    expect(unknown).toEqual([]);
  });

  it("leaves out of the simulation only what no bot's answer depends on", () => {
    const missing = operations.filter(({ id }) => !(id in handlers) && !(id in tokenHandlers)).map(({ path }) => path);

    expect(
      missing.filter((path) => !/^\/(liff|bot\/pnp|v2\/bot\/(coupon|membership|message\/delivery\/pnp))/.test(path)),
    ).toEqual([]);
  });
});

describe.skipIf(!hasOpenApi)("the check against LINE's descriptions", () => {
  it("finds an answer that lacks what is required", () => {
    expect(answerProblems("GET", "/v2/bot/info", 200, { userId: "U1" })).not.toEqual([]);
    expect(answerProblems("GET", "/v2/bot/info", 401, { error: "invalid" })).not.toEqual([]);
    expect(answerProblems("POST", "/v2/bot/message/push", 202, {})).not.toEqual([]);
  });

  it("finds an event that lacks what its kind requires", () => {
    const common = { timestamp: 1, mode: "active", webhookEventId: "01", deliveryContext: { isRedelivery: false } };
    const callback = (event: object) => ({ destination: `U${"0".repeat(32)}`, events: [{ ...common, ...event }] });

    expect(webhookProblems(callback({ type: "unsend", unsend: { messageId: "1" } }))).toEqual([]);
    expect(webhookProblems(callback({ type: "unsend" }))).not.toEqual([]);
    expect(webhookProblems(callback({ type: "message", message: { type: "text", id: "1" } }))).not.toEqual([]);
    expect(webhookProblems(callback({ type: "nothing" }))).not.toEqual([]);
  });
});
