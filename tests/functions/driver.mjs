// Plays Lambda's part in a process of its own: loads the bundle that its first argument names, and calls the handler.
import { pathToFileURL } from "node:url";

// The bundles' limits are far away: what they do is tried here, on a machine that may be busy.
const { setTimeout } = globalThis;
globalThis.setTimeout = (due, ms, ...rest) => setTimeout(due, ms * 20, ...rest);

const { handler } = await import(pathToFileURL(process.argv[2]).href);

const invocationMs = Number(process.env.INVOCATION_MS ?? 100_000);

process.on("message", (event) => {
  // Nothing is left to do then, so the process ends of itself.
  if (event === "stop") process.disconnect();
  else void answer(event);
});
process.send("ready");

async function answer(event) {
  process.send(await handler(event, newContext()));
}

function newContext() {
  const endsAtMs = performance.now() + invocationMs;
  return {
    awsRequestId: "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
    getRemainingTimeInMillis: () => Math.max(0, endsAtMs - performance.now()),
  };
}
