import { messageOf } from "@pulumi-line-bot/kit/message-of";
import { type Channel, LineRefused, isPassing, type Webhook } from "./channel.ts";
import { type Patience } from "./patience.ts";
import { adviseOn, describeTest, testUntilSettled } from "./proof.ts";

export interface CutOver {
  endpoint: string;
  /** The URLs that this resource set itself: the channel may be moved away from them. To have seen one is not to own it. */
  own: string[];
  /** The URL of somebody else that may be replaced although it answers. Default: none. */
  takeOver?: string | undefined;
  verify: boolean;
}

export interface Outcome {
  webhook: Webhook;
  /** What the channel pointed at before. */
  formerEndpoint: string | undefined;
  /** Whether the former URL was somebody else's and was replaced by a consent that names it. */
  isTakenOver: boolean;
}

/** The channel is left as it was found, was put back, or is somebody else's now. */
export class CutOverFailed extends Error {
  override readonly name: string = "CutOverFailed";
}

/** LINE could not deliver its test to the URL. Before the URL is set, nothing was changed. */
export class NotAnswering extends CutOverFailed {}

/** The proof failed after the URL was set, and it is still set, or may be. */
export class LeftBehind extends CutOverFailed {
  readonly outcome: Outcome;
  constructor(message: string, outcome: Outcome, options: ErrorOptions) {
    super(message, options);
    this.outcome = outcome;
  }
}

export interface CutOverTools {
  channel: Channel;
  patience: Patience;
  warn: (message: string) => void;
}

/**
 * Points the channel at an endpoint, with proof:
 *
 *   read ─▶ same URL ──────────────▶ test
 *     └───▶ another ─▶ whose is it? ─▶ test the new one ─▶ read ─▶ set ─▶ read back ─▶ test
 *                                                                  └── fails ─▶ put the former back
 */
export async function cutOver(tools: CutOverTools, plan: CutOver): Promise<Outcome> {
  const { channel } = tools;
  const before = await channel.getWebhook();
  if (before?.endpoint === plan.endpoint) {
    await prove(tools, plan);
    return { webhook: before, formerEndpoint: undefined, isTakenOver: false };
  }
  const isTakenOver = await requireOwn(tools, before, plan);
  await prove(tools, plan);
  await refuseChanged(channel, before, plan);
  try {
    await setUntilSettled(tools, { from: before?.endpoint, to: plan.endpoint });
    const webhook = await readBack(tools, plan, before);
    await prove(tools, plan);
    return { webhook, formerEndpoint: before?.endpoint, isTakenOver };
  } catch (error) {
    throw await putBack(tools, { before, isTakenOver }, plan, error);
  }
}

/**
 * A URL of somebody else that answers belongs to a living bot: only a consent that names it moves it.
 * @returns whether it is moved by such a consent.
 */
export async function requireOwn(
  { channel, patience, warn }: CutOverTools,
  before: Webhook | undefined,
  { own, takeOver, endpoint }: Pick<CutOver, "own" | "takeOver" | "endpoint">,
): Promise<boolean> {
  if (before === undefined || before.endpoint === endpoint || own.includes(before.endpoint)) return false;
  if (takeOver === before.endpoint) {
    warn(`The channel's webhook was ${before.endpoint}, set by somebody else; taking over, as \`takeOver\` names it.`);
    return true;
  }
  const test = await testUntilSettled(channel, before.endpoint, patience);
  if (test.success) throw new CutOverFailed(sayForeign(before.endpoint, endpoint, takeOver));
  warn(
    `The channel's webhook was ${before.endpoint}, set by somebody else, and does not answer (${describeTest(test)}); taking over.`,
  );
  return false;
}

function sayForeign(foreign: string, endpoint: string, takeOver: string | undefined): string {
  const named = takeOver === undefined ? "" : ` What may be replaced is ${takeOver} (takeOver).`;
  return (
    `The channel's webhook is ${foreign}, which answers and was not set by this stack.${named} Nothing was changed. ` +
    `To point it at ${endpoint} all the same, name the URL that may be replaced: \`npm run up -- <stack> --take-over ${foreign}\`, ` +
    `or \`pulumi config set line:takeOver ${foreign}\` and deploy again (a \`LineChannelWebhook\` of your own: \`takeOver: "${foreign}"\`).`
  );
}

async function prove({ channel, patience }: CutOverTools, { endpoint, verify }: CutOver): Promise<void> {
  if (!verify) return;
  const test = await testUntilSettled(channel, endpoint, patience);
  if (test.success) return;
  throw new NotAnswering(
    `LINE could not deliver a test to ${endpoint}: ${describeTest(test)}. ${adviseOn(test)} Then deploy again.`,
  );
}

/** LINE has no conditional set: looking again right before narrows the moment in which another's change is lost. */
async function refuseChanged(channel: Channel, before: Webhook | undefined, { endpoint }: CutOver): Promise<void> {
  const now = await channel.getWebhook();
  if (now?.endpoint === before?.endpoint) return;
  throw new CutOverFailed(
    `The channel's webhook became ${now?.endpoint ?? "unset"} while ${endpoint} was tested: somebody else deploys to this channel. ` +
      "Nothing was changed. One stack at a time may set a channel's webhook.",
  );
}

/** The URL was refused: LINE changed nothing. */
class SetRefused extends CutOverFailed {}

/**
 * A set without an answer may have taken effect: LINE is asked before each further attempt. A host name that was made
 * a moment ago may be refused with 400 until LINE can resolve it.
 */
async function setUntilSettled(
  { channel, patience }: CutOverTools,
  { from, to }: { from: string | undefined; to: string },
): Promise<void> {
  const pause = patience.begin();
  for (let isUnsure = false; ;) {
    try {
      return await channel.setWebhook(to);
    } catch (error) {
      isUnsure ||= isPassing(error);
      const failure = isUnsure ? error : new SetRefused(messageOf(error), { cause: error });
      const isFreshHost = error instanceof LineRefused && error.status === 400;
      if (!isPassing(error) && !isFreshHost) throw failure;
      const now = await channel.getWebhook();
      if (now?.endpoint === to) return;
      if (now?.endpoint !== from) throw new CutOverFailed(reportThird(to, now), { cause: error });
      if (!(await pause(messageOf(error)))) throw failure;
    }
  }
}

/** LINE keeps a change from its own readers for up to a minute; a third URL is somebody else's. */
async function readBack(
  { channel, patience }: CutOverTools,
  { endpoint }: CutOver,
  before: Webhook | undefined,
): Promise<Webhook> {
  const pause = patience.begin();
  let now = await channel.getWebhook();
  while (now?.endpoint === before?.endpoint) {
    if (!(await pause(`LINE still reports ${now?.endpoint ?? "no webhook"}.`))) break;
    now = await channel.getWebhook();
  }
  if (now?.endpoint === endpoint) return now;
  throw new CutOverFailed(reportThird(endpoint, now));
}

const reportThird = (endpoint: string, now: Webhook | undefined) =>
  `LINE accepted ${endpoint} but reports ${now?.endpoint ?? "no webhook"}: somebody else may have set it at the same time.`;

/** Returns the error to throw, with what became of the channel. */
async function putBack(
  tools: CutOverTools,
  { before, isTakenOver }: { before: Webhook | undefined; isTakenOver: boolean },
  { endpoint }: CutOver,
  cause: unknown,
): Promise<Error> {
  const reason = messageOf(cause);
  if (cause instanceof SetRefused) return new CutOverFailed(`${reason} Nothing was changed.`, { cause });
  const webhook = { endpoint, active: before?.active ?? true };
  const outcome = { webhook, formerEndpoint: before?.endpoint, isTakenOver };
  let isOurs = true;
  try {
    const now = await tools.channel.getWebhook();
    isOurs = now?.endpoint === endpoint;
    if (!isOurs && now?.endpoint !== before?.endpoint) return new CutOverFailed(reason, { cause });
    if (before !== undefined) {
      // Also where LINE reports the former URL already: that may be its cache.
      await setUntilSettled(tools, { from: now?.endpoint, to: before.endpoint });
      return new CutOverFailed(`${reason} The channel's webhook is ${before.endpoint} again.`, { cause });
    }
    if (!isOurs) return new CutOverFailed(reason, { cause });
    const message = `${reason} LINE has no call to unset a webhook: the channel points at ${endpoint} now.`;
    return new LeftBehind(message, outcome, { cause });
  } catch (error) {
    if (!isOurs) return new CutOverFailed(`${reason} LINE still reports ${before?.endpoint ?? "none"}.`, { cause });
    const message =
      `${reason} And what was there before, ${before?.endpoint ?? "nothing"}, could not be put back (${messageOf(error)}): ` +
      `the channel may point at ${endpoint} now. Deploy again, or set it in the console: ${consoleUrl}`;
    return new LeftBehind(message, outcome, { cause: error });
  }
}

export const consoleUrl = "https://developers.line.biz/console/";
