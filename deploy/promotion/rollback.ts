import * as v from "valibot";
import { adviseOn, describeTest } from "../../infra/channel-webhook/proof.ts";
import type { LiveVersion } from "../../infra/channel-webhook/live-versions.ts";
import type { Pin } from "../../infra/pin.ts";
import { parseCredentials } from "../../line/credentials.ts";
import { issueAccessToken } from "../../line/tokens.ts";
import { UserError } from "../../line/user-error.ts";
import type { Deployment } from "../deployment.ts";
import { openBot } from "../line-bot.ts";
import { pulumiJson } from "../pulumi-command.ts";
import { tryFindVersion, tryReadSecret } from "../stack-aws.ts";
import type { StackPlace } from "../stack-place.ts";
import type { ProvedState } from "./aliases.ts";

const history = v.array(
  v.object({
    kind: v.string(),
    result: v.string(),
    config: v.optional(v.record(v.string(), v.object({ value: v.optional(v.string()) })), {}),
  }),
);

/**
 * The pins with which updates of this stack succeeded, the latest first: an update succeeds when LINE's test of what
 * it deployed did. Lambda's versions do not know the commit, and a stack's file in git may never have been deployed.
 */
export async function readProvedPins({ pulumi, stack }: StackPlace): Promise<Pin[]> {
  const command = ["stack", "history", "--json", "--page-size", "100", "--stack", stack];
  const updates = v.parse(history, await pulumiJson(pulumi, command));
  return updates.flatMap(({ kind, result, config }) => {
    const artifact = config["line-bot:artifact"]?.value;
    if (kind !== "update" || result !== "succeeded" || artifact === undefined) return [];
    return [{ artifact, commit: config["line-bot:commit"]?.value }];
  });
}

/**
 * The artifact to go back to: the latest that was proved and is not the one pinned now.
 * @param wanted the first digits of another
 * @throws {UserError} where there is none.
 */
export function chooseFormer(proved: Pin[], now: Pin | undefined, stack: string, wanted?: string): Pin {
  const isChosen = ({ artifact }: Pin) =>
    wanted === undefined ? artifact !== now?.artifact : artifact.startsWith(wanted);
  const former = proved.find(isChosen);
  if (former !== undefined) return former;
  const known = [...new Set(proved.map(({ artifact }) => artifact.slice(0, 12)))].join(", ") || "none";
  throw new UserError(
    `There is no ${wanted === undefined ? "other" : "such"} artifact to go back to: with a pin, stack ${stack} has run and proved ${known}. ` +
      `\`npm run promote -- <stack> ${stack}\` gives it another.`,
  );
}

export interface Moves {
  moves: LiveVersion[];
  /** Aliases whose functions have no version with those bytes. */
  left: string[];
}

export async function planMoves({ aws }: Deployment, { aliases }: ProvedState, artifact: string): Promise<Moves> {
  const found = await Promise.all(
    aliases.map(async ({ arn }) => ({ aliasArn: arn, version: await tryFindVersion(aws, arn, artifact) })),
  );
  return {
    moves: found.flatMap(({ aliasArn, version }) => (version === undefined ? [] : [{ aliasArn, version }])),
    left: found.filter(({ version }) => version === undefined).map(({ aliasArn }) => aliasArn),
  };
}

export interface ChannelOutcome {
  /** Undefined: the channel's URL was the stack's. */
  formerUrl: string | undefined;
  /** Undefined: LINE's own test succeeded. */
  failure: string | undefined;
}

/** Points the channel at the stack's URL where it is another, and lets LINE test it. */
export async function restoreChannel({ outputs, settings, aws }: Deployment): Promise<ChannelOutcome> {
  const { webhookUrl, credentialsSecret } = outputs;
  const stored = await tryReadSecret(aws, credentialsSecret);
  if (stored === undefined) throw new UserError(`The secret ${credentialsSecret} has no value: LINE was not asked.`);
  const { apiUrl } = settings;
  const signal = AbortSignal.timeout(15_000);
  const { accessToken } = await issueAccessToken(parseCredentials(stored), { apiUrl, signal });
  const { channel } = await openBot(accessToken, apiUrl);
  const before = await channel.getWebhook();
  const isOther = before?.endpoint !== webhookUrl;
  if (isOther) await channel.setWebhook(webhookUrl);
  const test = await channel.testWebhook(webhookUrl);
  return {
    formerUrl: isOther ? (before?.endpoint ?? "none") : undefined,
    failure: test.success ? undefined : `${describeTest(test)}. ${adviseOn(test)}`,
  };
}
