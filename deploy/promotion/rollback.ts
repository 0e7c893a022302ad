import * as v from "valibot";
import { type CutOver, type CutOverTools, cutOver, requireOwn } from "../../infra/channel-webhook/cut-over.ts";
import type { LiveVersion } from "../../infra/channel-webhook/live-versions.ts";
import { createPatience } from "../../infra/channel-webhook/patience.ts";
import { requirePinned } from "../../infra/channel-webhook/session.ts";
import { parseCredentials } from "../../line/credentials.ts";
import { issueAccessToken } from "../../line/tokens.ts";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import type { Deployment } from "../deployment.ts";
import { openBot } from "../line-bot.ts";
import { pulumiJson } from "../pulumi-command.ts";
import { tryFindVersion, tryReadSecret } from "../stack-aws.ts";
import type { StackPlace } from "../stack-place.ts";
import type { ProvedState } from "./aliases.ts";
import type { PinnedOperation } from "./walk-back.ts";

const history = v.array(
  v.object({
    kind: v.string(),
    result: v.string(),
    config: v.optional(v.record(v.string(), v.object({ value: v.optional(v.string()) })), {}),
  }),
);

/**
 * What succeeded on this stack with a pin, the oldest first. Lambda's versions do not know the commit, and a stack's
 * file in git may never have been deployed.
 */
export async function readPinnedOperations({ pulumi, stack }: StackPlace): Promise<PinnedOperation[]> {
  const command = ["stack", "history", "--json", "--page-size", "100", "--stack", stack];
  const operations = v.parse(history, await pulumiJson(pulumi, command));
  return operations.toReversed().flatMap(({ kind, result, config }) => {
    const artifact = config["line-bot:artifact"]?.value;
    if (result !== "succeeded" || artifact === undefined) return [];
    return [{ kind, pin: { artifact, commit: config["line-bot:commit"]?.value } }];
  });
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
  /** `undefined` if the channel's URL was the stack's. */
  formerUrl: string | undefined;
  /** `undefined` if LINE's own test succeeded. */
  failure: string | undefined;
}

/** The stack's channel, and how its webhook may be moved. */
export interface StackChannel {
  tools: Omit<CutOverTools, "warn">;
  plan: CutOver;
}

/** @throws {UserError} where the credentials are another bot's, or LINE does not take them. */
export async function openStackChannel(
  { outputs, settings, aws }: Deployment,
  { own }: ProvedState,
  takeOver: string | undefined,
): Promise<StackChannel> {
  const { webhookUrl, credentialsSecret, botUserId } = outputs;
  const stored = await tryReadSecret(aws, credentialsSecret);
  if (stored === undefined) throw new UserError(`The secret ${credentialsSecret} has no value: LINE was not asked.`);
  const { apiUrl, bot: pin = botUserId } = settings;
  const signal = AbortSignal.timeout(15_000);
  const { accessToken } = await issueAccessToken(parseCredentials(stored), { apiUrl, signal });
  const patience = createPatience({ tell: (message) => console.error(message) });
  const { channel, bot } = await openBot(accessToken, apiUrl, patience);
  requirePinned(bot, pin);
  return { tools: { channel, patience }, plan: { endpoint: webhookUrl, own, takeOver, verify: true } };
}

/** Whether the channel may be moved, before anything is. @throws {CutOverFailed} where a living URL there is somebody else's. */
export async function requireMovable({ tools, plan }: StackChannel): Promise<void> {
  await requireOwn({ ...tools, warn: () => {} }, await tools.channel.getWebhook(), plan);
}

/** Points the channel at the stack's URL where it is another, as a deployment does, and lets LINE test it. */
export async function restoreChannel({ tools, plan }: StackChannel): Promise<ChannelOutcome> {
  const { formerEndpoint } = await cutOver({ ...tools, warn: (message) => console.error(message) }, plan);
  return { formerUrl: formerEndpoint, failure: undefined };
}
