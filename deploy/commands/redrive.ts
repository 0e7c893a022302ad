/** `npm run redrive -- <stack>`: shows the events that failed again and again, and sends them to the worker again. */
import { SQSClient } from "@aws-sdk/client-sqs";
import { printable } from "@pulumi-line-bot/kit/printable";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { parseCommandLine, runCommand } from "../command-line.ts";
import { findDeployment } from "../deployment.ts";
import { shownDigits } from "../redrive/chosen-events.ts";
import type { DeadLetter, Decision } from "../redrive/dead-letters.ts";
import { redrive } from "../redrive/redrive.ts";
import { countMessages } from "../redrive/queue.ts";
import { clientConfigOf } from "../stack-aws.ts";
import { withPlaces } from "../stack-place.ts";

const command = {
  usage: "npm run redrive -- <stack> [--send | --delete] [--event <id>] [--local] [--port <n>]",
  options: {
    send: { type: "boolean" },
    delete: { type: "boolean" },
    event: { type: "string", multiple: true },
    local: { type: "boolean" },
    port: { type: "string" },
  },
  words: 1,
} as const;

const did: Readonly<Record<Decision, string>> = { send: "sent again", delete: "deleted", keep: "waits" };

async function main(): Promise<number> {
  const { values, positionals } = parseCommandLine(command, process.argv.slice(2));
  const [stack = ""] = positionals;
  const { send = false, delete: remove = false, event: events } = values;
  if (send && remove) throw new UserError("--send and --delete exclude each other");
  if (remove && events === undefined) {
    throw new UserError(
      "--delete loses an event for good: name each with --event <id>, as the list without --delete does",
    );
  }
  const wanted: Decision = send ? "send" : remove ? "delete" : "keep";

  return withPlaces([stack], values, async ([{ target, pulumi }]) => {
    const { outputs, region, aws } = await findDeployment(stack, target, pulumi);
    const client = new SQSClient(clientConfigOf(aws, region));
    try {
      const counts = await redrive(client, outputs, { wanted, events }, (letter, decision) => {
        console.log(describe(letter, decision));
      });
      tellSummary(stack, counts, await countMessages(client, outputs.deadLetterQueueUrl));
      return 0;
    } finally {
      client.destroy();
    }
  });
}

function describe({ digest, type, atMs, correlationId }: DeadLetter, decision: Decision): string {
  const [of, kind, request] = [digest.slice(0, shownDigits), type.padEnd(10), correlationId].map(printable);
  return `${new Date(atMs).toISOString()}  event ${of}  ${kind}  request ${request}  ${did[decision]}`;
}

function tellSummary(stack: string, { send, delete: deleted, keep }: Record<Decision, number>, left: number): void {
  if (send + deleted + left === 0) return console.log("There are no dead letters.");
  console.log(`\n${send} sent again, ${deleted} deleted, ${left} left.`);
  if (send > 0) {
    console.log(
      "Anyone who wrote more than a minute ago gets an answer only where the bot pushes: reply tokens have ended.",
    );
  }
  if (send + deleted === 0 && keep > 0) {
    console.log(
      `What failed is in \`npm run logs -- ${stack} --since 7d --request <request>\`. Fix it, deploy, then ` +
        `\`npm run redrive -- ${stack} --send\`.`,
    );
  }
}

await runCommand(main);
