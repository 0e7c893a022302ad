import { type Channel, LineRefused, LineUnreachable, type TestResult, type Webhook } from "./channel.ts";

export interface CutOver {
  endpoint: string;
  /** URLs that this resource is known to have set or seen: the channel may be moved away from them. */
  own: string[];
  takeOver: boolean;
  verify: boolean;
}

export interface Outcome {
  webhook: Webhook;
  /** What the channel pointed at before. */
  formerEndpoint: string | undefined;
}

/** The channel is left as it was found, or was put back. */
export class CutOverFailed extends Error {
  override readonly name: string = "CutOverFailed";
}

/** The proof failed after the URL was set, and LINE has no call to unset it. */
export class LeftBehind extends CutOverFailed {
  readonly webhook: Webhook;
  readonly formerEndpoint: string | undefined;
  constructor(message: string, webhook: Webhook, formerEndpoint: string | undefined, options: ErrorOptions) {
    super(message, options);
    this.webhook = webhook;
    this.formerEndpoint = formerEndpoint;
  }
}

/**
 * Points the channel at an endpoint, with proof:
 *
 *   read ─▶ same URL ──────────────▶ test
 *     └───▶ another ─▶ whose is it? ─▶ test the new one ─▶ set ─▶ read back ─▶ test
 *                                                           └── fails ─▶ put the former back
 */
export async function cutOver(channel: Channel, plan: CutOver, tell: (message: string) => void): Promise<Outcome> {
  const before = await channel.getWebhook();
  if (before?.endpoint === plan.endpoint) {
    await prove(channel, plan);
    return { webhook: before, formerEndpoint: undefined };
  }
  await refuseForeign(channel, before, plan, tell);
  await prove(channel, plan);
  try {
    await set(channel, plan.endpoint);
    const webhook = await readBack(channel, plan, before);
    await prove(channel, plan);
    return { webhook, formerEndpoint: before?.endpoint };
  } catch (error) {
    throw await putBack(channel, before, plan, error);
  }
}

/** A URL of somebody else that answers belongs to a living bot: nobody takes it by accident. */
async function refuseForeign(
  channel: Channel,
  before: Webhook | undefined,
  { own, takeOver, endpoint }: CutOver,
  tell: (message: string) => void,
): Promise<void> {
  if (before === undefined || takeOver || own.includes(before.endpoint)) return;
  const test = await channel.testWebhook(before.endpoint).catch((error: unknown) => {
    // LINE's 400: the URL is none that it could call.
    if (error instanceof LineRefused && error.status === 400) return undefined;
    throw error;
  });
  if (test?.success === true) {
    throw new CutOverFailed(
      `The channel's webhook is ${before.endpoint}, which answers and was not set by this stack. ` +
        `To point it at ${endpoint} all the same, run \`pulumi config set line:takeOver true\` and deploy again ` +
        "(a `LineChannelWebhook` of your own: `takeOver: true`).",
    );
  }
  const reason = test === undefined ? "LINE cannot call it" : describe(test);
  tell(
    `The channel's webhook was ${before.endpoint}, set by somebody else, and does not answer (${reason}); taking over.`,
  );
}

async function prove(channel: Channel, { endpoint, verify }: CutOver): Promise<void> {
  if (!verify) return;
  const test = await testUntilSettled(channel, endpoint);
  if (!test.success) {
    throw new CutOverFailed(
      `LINE could not deliver a test to ${endpoint}: ${describe(test)}. ` +
        "The function's log group and the API's access log have the request; the channel secret of the stack may be another channel's (401).",
    );
  }
}

const describe = ({ reason, detail, statusCode }: TestResult) => `${reason}, ${detail} (status ${statusCode})`;

/** A new host name or a first cold start may fail a test that the next one passes. */
const passing = new Set(["COULD_NOT_CONNECT", "REQUEST_TIMEOUT"]);
const tries = 3;

async function testUntilSettled(channel: Channel, endpoint: string): Promise<TestResult> {
  let test = await channel.testWebhook(endpoint);
  for (let n = 1; n < tries && !test.success && (passing.has(test.reason) || test.statusCode >= 500); n += 1) {
    test = await channel.testWebhook(endpoint);
  }
  return test;
}

/** A set without an answer may have taken effect: what LINE says now decides, once more if need be. */
async function set(channel: Channel, endpoint: string): Promise<void> {
  try {
    await channel.setWebhook(endpoint);
  } catch (error) {
    if (!(error instanceof LineUnreachable)) throw error;
    const now = await channel.getWebhook();
    if (now?.endpoint !== endpoint) await channel.setWebhook(endpoint);
  }
}

/** LINE keeps a change from its own readers for up to a minute; a third URL is somebody else's. */
async function readBack(channel: Channel, { endpoint }: CutOver, before: Webhook | undefined): Promise<Webhook> {
  const webhook = await channel.awaitWebhook((now) => now?.endpoint !== before?.endpoint);
  if (webhook?.endpoint === endpoint) return webhook;
  throw new CutOverFailed(
    `LINE accepted ${endpoint} but reports ${webhook?.endpoint ?? "no webhook"}: somebody else may have set it at the same time.`,
  );
}

/** Returns the error to throw, with what became of the channel. */
async function putBack(
  channel: Channel,
  before: Webhook | undefined,
  { endpoint }: CutOver,
  cause: unknown,
): Promise<Error> {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const now = await channel.getWebhook();
  if (now?.endpoint !== endpoint) return new CutOverFailed(reason, { cause });
  if (before === undefined) {
    const left = `${reason} LINE has no call to unset a webhook: the channel points at ${endpoint} now.`;
    return new LeftBehind(left, now, undefined, { cause });
  }
  try {
    await set(channel, before.endpoint);
  } catch (error) {
    const left = `${reason} And the former URL, ${before.endpoint}, could not be put back: the channel points at ${endpoint} now.`;
    return new LeftBehind(left, now, before.endpoint, { cause: error });
  }
  return new CutOverFailed(`${reason} The channel's webhook was put back to ${before.endpoint}.`, { cause });
}
