/** `npm run rollback -- <stack>`: brings back what ran before at once, pins it, and says how the state follows. */
import { CutOverFailed } from "../../infra/channel-webhook/cut-over.ts";
import { CredentialsRefused } from "../../infra/channel-webhook/session.ts";
import { describeWorktree } from "../../infra/pin.ts";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { parseCommandLine, runCommand } from "../command-line.ts";
import { findDeployment } from "../deployment.ts";
import { localStack } from "../local-stack.ts";
import { readProved, refreshLive } from "../promotion/aliases.ts";
import { tryExport } from "../promotion/exported.ts";
import { buildOwnArtifact } from "../promotion/own-artifact.ts";
import { readPin, readStackFile, writePin } from "../promotion/pin-file.ts";
import {
  type ChannelOutcome,
  openStackChannel,
  planMoves,
  readPinnedOperations,
  requireMovable,
  restoreChannel,
} from "../promotion/rollback.ts";
import { chooseFormer } from "../promotion/walk-back.ts";
import { moveAliases } from "../stack-aws.ts";
import { chooseEngine } from "../stack-engines.ts";
import { type StackPlace, withPlaces } from "../stack-place.ts";

const command = {
  usage:
    "npm run rollback -- <stack> [--to <first digits of an artifact>] [--take-over <url>] [--dry-run] [--local] [--port <n>]",
  options: {
    to: { type: "string" },
    "take-over": { type: "string" },
    "dry-run": { type: "boolean" },
    local: { type: "boolean" },
    port: { type: "string" },
  },
  words: 1,
} as const;

async function main(): Promise<number> {
  const { values, positionals } = parseCommandLine(command, process.argv.slice(2));
  const [stack = ""] = positionals;
  const now = readPin(await readStackFile(stack));
  return withPlaces([stack], values, async ([place]) => {
    const deployment = await findDeployment(stack, place.target, place.pulumi);
    const pin = chooseFormer(await readPinnedOperations(place), now, stack, values.to);
    const proved = readProved((await tryExport(place)) ?? []);
    const { moves, left } = await planMoves(deployment, proved, pin.artifact);
    console.log(`Back to the artifact ${pin.artifact} of commit ${pin.commit ?? "unknown"}:`);
    for (const { aliasArn, version } of moves) console.log(`  ${nameOf(aliasArn)} to version ${version}`);
    for (const arn of left) console.log(`  ${nameOf(arn)} stays: none of its versions has these bytes`);
    if (moves.length === 0) throw new UserError(sayGone(place, pin.commit));
    const channel = await openStackChannel(deployment, proved, values["take-over"]).catch(refuse);
    await requireMovable(channel).catch(refuse);
    if (values["dry-run"] === true) return sayNothingWasChanged();

    await moveAliases(deployment.aws, moves);
    await writePin(stack, pin);
    const outcome = await restoreChannel(channel).catch(toOutcome);
    await refreshLive(place, chooseEngine(place), proved, moves);
    console.log(describeOutcome(outcome));
    console.log(await describeNext(place, pin.artifact, pin.commit));
    return outcome.failure === undefined ? 0 : 1;
  });
}

/** Nothing has moved yet. */
function refuse(error: unknown): never {
  if (error instanceof CutOverFailed || error instanceof CredentialsRefused) {
    throw new UserError(error.message, { cause: error });
  }
  throw error;
}

const nameOf = (aliasArn: string): string => aliasArn.split(":").slice(-2).join(":");

function sayNothingWasChanged(): number {
  console.log("Nothing was changed (--dry-run).");
  return 0;
}

const sayGone = ({ stack }: StackPlace, commit: string | undefined): string =>
  [
    "No published version has these bytes any more. Nothing was changed. Deploy them again:",
    ...describeWorktree(stack, commit),
  ].join("\n");

/** The aliases have moved: what LINE says to it is reported, whatever that is. */
function toOutcome(error: unknown): ChannelOutcome {
  if (!(error instanceof Error) || error instanceof TypeError) throw error;
  return { formerUrl: undefined, failure: error.message };
}

function describeOutcome({ formerUrl, failure }: ChannelOutcome): string {
  const url = formerUrl === undefined ? [] : [`The channel's webhook was ${formerUrl}, and is the stack's again.`];
  return ["", ...url, failure === undefined ? "LINE's own test succeeds." : `LINE's own test failed: ${failure}`].join(
    "\n",
  );
}

/** Another folder would have another local cloud. */
const describeCheckout = (stack: string, commit: string | undefined): string[] => [
  `    git checkout ${commit ?? "<its commit>"} -- infra functions line package.json package-lock.json`,
  `    npm run up -- ${stack} --local`,
];

async function describeNext(
  { stack, target }: StackPlace,
  artifact: string,
  commit: string | undefined,
): Promise<string> {
  const isHere = (await buildOwnArtifact()).sha256 === artifact;
  const where = target === undefined || stack === localStack ? "" : " --local";
  const describeElsewhere = target === undefined ? describeWorktree : describeCheckout;
  return [
    `Pulumi.${stack}.yaml is pinned to it: commit that.`,
    "The functions' other settings follow with an update from the pinned sources:",
    ...(isHere ? [`    npm run up -- ${stack}${where}`] : describeElsewhere(stack, commit)),
  ].join("\n");
}

await runCommand(main);
