/** `npm start`: the whole backend on this machine, and the proof that a message gets its answer. */
import { once } from "node:events";
import { styleText } from "node:util";
import { printable, printableLines } from "@pulumi-line-bot/kit/printable";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import type { AwsTrace } from "@pulumi-line-bot/aws-offline/aws";
import { type LocalCloud, startLocalCloud } from "../local/cloud.ts";
import { parseCommandLine, runCommand } from "../command-line.ts";
import { tellConsoleSteps } from "../console-steps.ts";
import { describeTrace } from "../function-log.ts";
import { localDataDir, parsePort, programDir, runLocally, toTarget } from "../local-stack.ts";
import { proveAnswer } from "../proof.ts";
import { stopOnSignal } from "../stop-on-signal.ts";

const command = {
  usage: "npm start -- [--once] [--fresh] [--port <n>]",
  options: { once: { type: "boolean" }, fresh: { type: "boolean" }, port: { type: "string" } },
  words: 0,
} as const;

async function start(): Promise<number> {
  const { values } = parseCommandLine(command, process.argv.slice(2));
  const stop = stopOnSignal();
  const log = keepFunctionLog();
  const givenUp = new AbortController();
  const cloud = await startLocalCloud({
    dataDir: localDataDir,
    programDir,
    ...parsePort(values.port),
    fresh: values.fresh ?? false,
    holdEvents: true,
    onTrace: (trace) => {
      log.add(trace);
      const end = endOf(trace);
      if (end !== undefined) givenUp.abort(end);
    },
  });
  try {
    const { result, outputs, newChannel } = await runLocally("up", toTarget(cloud), { signal: stop });
    if (stop.aborted) return 130;
    if (result !== "succeeded") {
      throw new UserError("The deployment failed, see above. Fix it and start again: what was done is kept.");
    }
    cloud.aws.releaseEvents();
    tellProof(await proveAnswer(cloud.line, outputs["botUserId"], givenUp.signal));
    if (newChannel !== undefined) tellConsoleSteps({ apiUrl: new URL(cloud.line.url), ...newChannel });
    if (values.once === true) return 0;
    tellWhere(cloud, outputs);
    log.follow();
    await once(stop, "abort");
    return 0;
  } catch (error) {
    if (error instanceof UserError) log.tell();
    throw error;
  } finally {
    await cloud.close();
  }
}

/** Why no answer will come, where a trace says so: what is tried now is the new code. */
function endOf(trace: AwsTrace): string | undefined {
  if (trace.kind === "dead-letter") return "the bot failed at it three times";
  if (trace.kind === "invocation" && trace.outcome === "timed-out") return "the bot used up its time";
  return undefined;
}

/** The functions' last lines are shown when something fails, and as they come once the bot runs. */
function keepFunctionLog() {
  const most = 20;
  let lines: string[] = [];
  let keep = (line: string) => {
    lines = [...lines, line].slice(-most);
  };
  return {
    add: (trace: AwsTrace) => {
      const line = describeTrace(trace);
      if (line !== undefined) keep(line);
    },
    follow: () => {
      keep = (line) => console.log(styleText("dim", line));
    },
    tell: () => {
      if (lines.length > 0) console.error(["\nThe function's log:", ...lines].join("\n    "));
    },
  };
}

function tellProof({ user, said, answered, milliseconds }: Awaited<ReturnType<typeof proveAnswer>>): void {
  const check = styleText("green", "✔");
  console.log(`\n${check} ${printable(user)} wrote "${said}", and the bot answered (${milliseconds.toFixed(0)} ms):`);
  console.log(printableLines(answered).replaceAll(/^/gm, "    "));
}

function tellWhere({ line }: LocalCloud, outputs: Record<string, unknown>): void {
  const rows = [
    ["Talk to the bot", line.url],
    ["Webhook", outputs["webhookUrl"]],
    ["Friend link", `${String(outputs["friendUrl"])} (as on LINE; here everyone is a friend)`],
  ];
  console.log();
  for (const [name, url] of rows)
    console.log(`${String(name).padEnd(15)} ${styleText("cyan", printable(String(url)))}`);
  console.log("\nEdit functions/bot.ts, then `npm run up -- local`. Ctrl+C stops; the state is kept.");
}

await runCommand(start);
