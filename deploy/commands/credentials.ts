/** `npm run credentials -- <stack>`: takes a channel's credentials, checks them against LINE, and writes them. */
import { isPinned, nameOf } from "../../infra/channel-webhook/session.ts";
import { printable } from "@pulumi-line-bot/kit/printable";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { parseCommandLine, runCommand } from "../command-line.ts";
import { type Asker, openAsker } from "../credentials/ask.ts";
import { askCredentials, readCredentials } from "../credentials/read.ts";
import { storeCredentials } from "../credentials/store.ts";
import { verifyCredentials } from "../credentials/verify.ts";
import { type DeployTarget, localStack, withLocalCloud } from "../local-stack.ts";
import { noStackExitCode, type PulumiCommand, pulumiFor, pulumiText, runPulumi } from "../pulumi-command.ts";
import { readSettings } from "../stack-settings.ts";

const command = {
  usage: "npm run credentials -- <stack> [--stdin] [--yes] [--port <n>]",
  options: { stdin: { type: "boolean" }, yes: { type: "boolean", short: "y" }, port: { type: "string" } },
  words: 1,
} as const;

interface Options {
  stack: string;
  isYes: boolean;
  /** `undefined` if JSON comes by standard input. */
  asker: Asker | undefined;
}

async function main(): Promise<number> {
  const { values, positionals } = parseCommandLine(command, process.argv.slice(2));
  const [stack = ""] = positionals;
  const isTerminal = values.stdin !== true && process.stdin.isTTY;
  const run = async (target: DeployTarget | undefined) => {
    // Opened late: from then on Ctrl+C is a key that it reads.
    const asker = isTerminal ? openAsker(process.stdin, process.stdout) : undefined;
    try {
      return await take({ stack, isYes: values.yes === true, asker }, target);
    } finally {
      asker?.close();
    }
  };
  return stack === localStack ? withLocalCloud(values.port, run) : run(undefined);
}

async function take({ stack, isYes, asker }: Options, target: DeployTarget | undefined): Promise<number> {
  const pulumi = pulumiFor(target);
  if (target !== undefined) await makeLocalStack(pulumi, stack);
  const settings = await readSettings(pulumi, stack, target);
  const given = asker === undefined ? readCredentials(process.stdin) : askCredentials(asker, console.log);
  const credentials = await given;
  const bot = await verifyCredentials(credentials, settings.apiUrl);
  console.log(`These are the credentials of ${printable(nameOf(bot))}.`);

  const isOther = settings.bot !== undefined && !isPinned(settings.bot, bot);
  if (isOther) {
    console.log(
      `Stack ${stack} is pinned to ${settings.bot} (line:bot): the next deployment would move it to this bot.`,
    );
  }
  if (asker !== undefined && !isYes) await confirm(asker, `Write them to stack ${stack}? [y/N] `);
  if (asker === undefined && isOther && !isYes) {
    throw new UserError("Nothing was written. If the stack is to move to the other bot, add `--yes`.");
  }

  const { credentialsSecret, aws } = settings;
  const place = { pulumi, stack, aws: { settings: aws, target }, credentialsSecret };
  const pin = settings.bot === undefined || isOther ? bot.userId : settings.bot;
  const written = await storeCredentials(place, credentials, pin);
  console.log([...written, `Deploy with \`npm run up -- ${stack}\`.`].join("\n"));
  return 0;
}

/** The local stack is made by its first deployment, or here. */
async function makeLocalStack(pulumi: PulumiCommand, stack: string): Promise<void> {
  const { code } = await runPulumi(pulumi, ["stack", "output", "--stack", stack]);
  if (code === noStackExitCode) await pulumiText(pulumi, ["stack", "init", stack, "--no-select"]);
}

async function confirm(asker: Asker, question: string): Promise<void> {
  if (/^y(es)?$/i.test(await asker.ask(question))) return;
  throw new UserError("Nothing was written.");
}

await runCommand(main);
