/** `npm run logs -- <stack>`: what the receiver and the worker have written, in the order of time. */
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { parseCommandLine, runCommand } from "../command-line.ts";
import { findDeployment } from "../deployment.ts";
import { describeLine, isWanted, toJson, type Wanted } from "../logs/line.ts";
import { readLogs } from "../logs/read.ts";
import { clientConfigOf } from "../stack-aws.ts";
import { withPlaces } from "../stack-place.ts";
import { stopOnSignal } from "../stop-on-signal.ts";

const command = {
  usage:
    "npm run logs -- <stack> [--since <30m>] [--follow] [--level <warn>] [--request <id>] [--json] [--local] [--port <n>]",
  options: {
    since: { type: "string", default: "30m" },
    follow: { type: "boolean", short: "f" },
    level: { type: "string", default: "info" },
    request: { type: "string" },
    json: { type: "boolean" },
    local: { type: "boolean" },
    port: { type: "string" },
  },
  words: 1,
} as const;

async function main(): Promise<number> {
  const { values, positionals } = parseCommandLine(command, process.argv.slice(2));
  const [stack = ""] = positionals;
  const wanted: Wanted = { level: parseLevel(values.level), request: values.request };
  const sinceMs = Date.now() - parseSpan(values.since);

  return withPlaces([stack], values, async ([{ target, pulumi }]) => {
    const { outputs, region, aws } = await findDeployment(stack, target, pulumi);
    const client = new CloudWatchLogsClient(clientConfigOf(aws, region));
    const stop = stopOnSignal();
    try {
      const groups = { receiver: outputs.logGroup, worker: outputs.workerLogGroup };
      for await (const line of readLogs(client, groups, { sinceMs, follow: values.follow === true, stop })) {
        if (isWanted(line, wanted)) console.log(values.json === true ? toJson(line) : describeLine(line));
      }
      return 0;
    } finally {
      client.destroy();
    }
  });
}

const spans: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function parseSpan(text: string): number {
  const [, count, unit = ""] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const unitMs = spans[unit];
  if (unitMs !== undefined) return Number(count) * unitMs;
  throw new UserError(`--since takes a span of time such as 45s, 30m, 2h or 7d, not ${JSON.stringify(text)}`);
}

function parseLevel(text: string): Wanted["level"] {
  const level = text.toUpperCase();
  if (level === "INFO" || level === "WARN" || level === "ERROR") return level;
  throw new UserError(`--level takes info, warn or error, not ${JSON.stringify(text)}`);
}

await runCommand(main);
