/** `npm run bootstrap -- <stack>`: what the AWS account of a stack needs once, before the first deployment. */
import path from "node:path";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { type AccountEngine, findBackend, moveState, openOffline, openOnAws } from "../bootstrap/engines.ts";
import { describeNextSteps } from "../bootstrap/next-steps.ts";
import { type AccountSettings, findSettings } from "../bootstrap/settings.ts";
import { parseCommandLine, runCommand } from "../command-line.ts";
import { openAsker } from "../credentials/ask.ts";
import { localDataDir, localStack } from "../local-stack.ts";

const command = {
  usage:
    "npm run bootstrap -- <stack> [--preview] [--yes] [--account <id>] [--repository <owner>/<name>] " +
    "[--repository-id <n>] [--owner-id <n>] [--existing bucket] [--existing oidc-provider]",
  options: {
    preview: { type: "boolean" },
    yes: { type: "boolean", short: "y" },
    account: { type: "string" },
    repository: { type: "string" },
    "repository-id": { type: "string" },
    "owner-id": { type: "string" },
    existing: { type: "string", multiple: true },
  },
  words: 1,
} as const;

async function main(): Promise<number> {
  const { values, positionals } = parseCommandLine(command, process.argv.slice(2));
  const [stack = ""] = positionals;
  const settings = await findSettings({ stack, ...values });
  if (values.preview === true) {
    await using engine = await openOffline(settings, undefined);
    return (await engine.preview()) ? 0 : 1;
  }
  if (stack === localStack) {
    await using engine = await openOffline(settings, path.join(localDataDir, "account"));
    return await run(engine, settings, values.yes === true);
  }
  const bucket = `s3://line-bot-state-${settings.account}-${settings.region}?region=${settings.region}&awssdk=v2`;
  const backend = await findBackend(settings, bucket);
  await using engine = await openOnAws(settings, backend);
  return await run(engine, settings, values.yes === true, async () => {
    if (backend !== bucket) await moveState(stack, backend, bucket);
  });
}

/** Shows the plan, asks, runs it, and tells what is left to be done by hand. */
async function run(
  engine: AccountEngine,
  settings: AccountSettings,
  isAgreed: boolean,
  settle: () => Promise<void> = async () => {},
): Promise<number> {
  if (!(await engine.preview())) return 1;
  if (!isAgreed) await agree(settings);
  if (!(await engine.up())) return 1;
  const outputs = await engine.outputs();
  await settle();
  console.log(`\n${describeNextSteps(settings, outputs)}`);
  return 0;
}

async function agree({ account }: AccountSettings): Promise<void> {
  if (!process.stdin.isTTY) throw new UserError("Nobody is there to be asked: --yes agrees beforehand.");
  const asker = openAsker(process.stdin, process.stdout);
  try {
    const answer = await asker.ask(`Make this in account ${account}? Only "yes" does: `);
    if (answer !== "yes") throw new UserError("Nothing was made.");
  } finally {
    asker.close();
  }
}

await runCommand(main);
