import { setTimeout as wait } from "node:timers/promises";
import { sign, signatureHeader } from "@pulumi-line-bot/kit/signature";

export const channelSecret = "8c570fa6dd201bb328f1c1eac23a96d8";

/** A text message in Japanese: one event, as in most webhooks. */
export function createRequest() {
  const body = JSON.stringify({
    destination: "U8e742f61d673b39c7fff3cecb7536ef0",
    events: [
      {
        type: "message",
        message: { type: "text", id: "444573844083572737", quoteToken: "q3Plxr4AgKd", text: "こんにちは、元気ですか" },
        timestamp: Date.now(),
        source: { type: "user", userId: "U0123456789abcdef0123456789abcdef" },
        webhookEventId: "01FZ74A0TDDPYRVKNK77XKC3ZR",
        deliveryContext: { isRedelivery: false },
        replyToken: "nHuyWiB7yP5Zw52FIkcQobQuGDXCTA",
        mode: "active",
      },
    ],
  });
  return { body, headers: { [signatureHeader]: sign(body, channelSecret) }, isBase64Encoded: false };
}

/** Runs one after the other; the last line of what is printed tells how long each took, and what the heap holds then. */
export async function report(run: () => Promise<unknown>): Promise<void> {
  const times = Number(process.argv[2]);
  for (let time = 0; time < 500; time++) await run();
  const startedAtMs = performance.now();
  for (let time = 0; time < times; time++) await run();
  const microseconds = ((performance.now() - startedAtMs) / times) * 1000;
  // The last requests' time limits end.
  await wait(1000);
  globalThis.gc?.();
  console.log(JSON.stringify({ microseconds, heapBytes: process.memoryUsage().heapUsed }));
}
