/** `npm start`: the whole backend on this machine, and the proof that a message gets its answer. */
import { once } from "node:events";
import { styleText } from "node:util";
import { UserError } from "../line/user-error.ts";
import { type LocalCloud, localPorts, startLocalCloud } from "../local/cloud.ts";
import { parseCommandLine, runCommand } from "./command-line.ts";
import { localDataDir, runLocally, toTarget } from "./local-stack.ts";
import { proveAnswer } from "./proof.ts";

const command = {
  usage: "npm start -- [--once] [--fresh] [--port <n>]",
  options: { once: { type: "boolean" }, fresh: { type: "boolean" }, port: { type: "string" } },
  words: 0,
} as const;

async function start(): Promise<number> {
  const { values } = parseCommandLine(command, process.argv.slice(2));
  const stopping = stopOnSignal();
  await using cloud = await openCloud(values);
  const { result, outputs } = await runLocally("up", toTarget(cloud), { signal: stopping.signal });
  if (stopping.signal.aborted) return 130;
  if (result !== "succeeded")
    throw new UserError("The deployment failed, see above. Mend it and start again: what was done is kept.");
  await prove(cloud, outputs["botUserId"]);
  if (values.once === true) return 0;
  tellWhere(cloud, outputs);
  await once(stopping.signal, "abort");
  return 0;
}

async function openCloud({ fresh = false, port }: { fresh?: boolean; port?: string }) {
  if (port !== undefined && !/^\d{1,5}$/.test(port))
    throw new UserError(`--port takes a number, not ${JSON.stringify(port)}`);
  const linePort = port === undefined ? localPorts.line : Number(port);
  const cloud = await startLocalCloud({ dataDir: localDataDir, fresh, linePort });
  return Object.assign(cloud, { [Symbol.asyncDispose]: () => cloud.close() });
}

async function prove({ line }: LocalCloud, botUserId: unknown): Promise<void> {
  const { user, said, answered, milliseconds } = await proveAnswer(line, botUserId);
  console.log(
    `\n${styleText("green", "✔")} ${user} wrote "${said}", and the bot answered (${milliseconds.toFixed(0)} ms):`,
  );
  console.log(answered.replaceAll(/^/gm, "    "));
}

function tellWhere({ line }: LocalCloud, outputs: Record<string, unknown>): void {
  const rows = [
    ["Talk to the bot", line.url],
    ["Webhook", outputs["webhookUrl"]],
    ["Add as friend", outputs["friendUrl"]],
  ];
  console.log();
  for (const [name, url] of rows) console.log(`${String(name).padEnd(16)} ${styleText("cyan", String(url))}`);
  console.log("\nEdit functions/bot.ts, then `npm run up -- local`. Ctrl+C stops; the state is kept.");
}

/** The first Ctrl+C lets what is under way finish; the second ends at once. */
function stopOnSignal(): AbortController {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller;
}

await runCommand(start);
