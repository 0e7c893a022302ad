/** What `line-bot:protect` keeps, and how a protected stack is taken down on purpose. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StackOperation, StackOperationResult } from "@pulumi-line-bot/pulumi-engine/engine";
import { devChannel } from "@pulumi-line-bot/line-simulator/seed";
import { deploy, resourceCount } from "./deployed.ts";

let bot: Awaited<ReturnType<typeof deploy>>;
let userId = "";

beforeAll(async () => {
  bot = await deploy();
  const { channels } = await bot.cloud.line.console.overview({});
  userId = channels.find(({ id }) => id === devChannel.channelId)?.people[0]?.userId ?? "";
}, 300_000);
afterAll(() => bot[Symbol.asyncDispose]());

interface Ended {
  result: string;
  changes: StackOperationResult["changes"];
  /** Types and names of what was deleted. */
  deleted: string[];
  errors: string[];
}

async function operate(
  kind: StackOperation["kind"],
  protect: boolean,
  more: Partial<StackOperation> = {},
): Promise<Ended> {
  const deleted: string[] = [];
  const errors: string[] = [];
  const { result, changes } = await bot.operate(kind, {
    ...more,
    configOverrides: { "line:apiUrl": bot.cloud.line.url, "line-bot:protect": String(protect) },
    onEvent: ({ resOutputsEvent, diagnosticEvent }) => {
      if (resOutputsEvent?.planning !== true && resOutputsEvent?.metadata.op === "delete")
        deleted.push(resOutputsEvent.metadata.urn.split("::").slice(2).join(" "));
      if (diagnosticEvent?.severity === "error") errors.push(diagnosticEvent.message);
    },
  });
  return { result, changes, deleted, errors };
}

async function answerTo(text: string): Promise<unknown> {
  const { channelId } = devChannel;
  const { console } = bot.cloud.line;
  const answer = console.nextMessage({ channelId, userId });
  await console.sendText({ channelId, userId, text });
  return answer;
}

test("a protected stack is destroyed by nothing but a decision", { timeout: 300_000 }, async () => {
  expect(await operate("up", true)).toMatchObject({ result: "succeeded", errors: [] });

  for (const kind of ["preview", "destroy"] as const) {
    const refused = await operate(kind, true, kind === "preview" ? { previewOf: "destroy" } : {});
    expect(refused).toMatchObject({ result: "failed", deleted: [] });
    expect(refused.errors.join("\n")).toMatch(/"[^"]+:LineChannelWebhook::bot" cannot be deleted/);
  }
  // The Pulumi CLI does so when it is asked for no preview: it deletes what nothing needs that is protected.
  const unseen = await operate("destroy", true, { options: { protectedStopsDeletions: false } });
  expect(unseen).toMatchObject({ result: "failed", deleted: [] });
  expect(await answerTo("still there?")).toBeDefined();

  expect(await operate("up", false)).toMatchObject({ result: "succeeded", deleted: [], errors: [] });
  const destroyed = await operate("destroy", false);
  expect(destroyed).toMatchObject({ result: "succeeded", errors: [], changes: { delete: resourceCount } });
});
