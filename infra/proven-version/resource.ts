import * as pulumi from "@pulumi/pulumi";
import { provider } from "./shim.js";

interface VersionArgs {
  /** The ARN of a published version of a function. */
  versionArn: pulumi.Input<string>;
  /** The version itself, such as "7". */
  version: pulumi.Input<string>;
}

interface WebhookProbe {
  /** The version has to answer LINE's signed, empty webhook with 200, and to refuse forged ones. Default: this probe. */
  probe?: "webhook" | undefined;
  /** The ARN of the secret with the channel's credentials: the test is signed with them. */
  credentials: pulumi.Input<string>;
  /** The bot's user id, where it is known. */
  botUserId?: pulumi.Input<string> | undefined;
}

interface QueueProbe {
  /** The version has to answer an empty batch of messages with `{"batchItemFailures":[]}`. */
  probe: "queue";
}

/** How a version shows that it works. */
export type Probe = WebhookProbe | QueueProbe;

export type ProvenVersionArgs = VersionArgs & Probe;

/**
 * A version of a function that has answered its probe. An alias that takes its version from here moves only to code
 * that works; where the test fails, it stays on the former version.
 */
export class ProvenVersion extends pulumi.dynamic.Resource {
  declare readonly version: pulumi.Output<string>;

  constructor(name: string, args: ProvenVersionArgs, opts?: pulumi.CustomResourceOptions) {
    refuse(name, args);
    super(provider, name, { ...args, ...proofOf(args) }, opts, "line", "ProvenVersion");
  }
}

/**
 * What the webhook's probe asks. It is an input, so that a version that was proved by fewer questions is asked once
 * more, and that a refresh, which compares with the former inputs, finds no drift in it.
 */
const proofOf = ({ probe = "webhook" }: ProvenVersionArgs) =>
  probe === "webhook" ? { proof: "takes what LINE signed, refuses what it did not" } : {};

/** What the types refuse, for anyone who has none. Here, as a `check` of the provider's would be new text in every state. */
function refuse(name: string, args: { probe?: unknown; credentials?: unknown }): void {
  const { probe = "webhook", credentials } = args;
  if (probe !== "webhook" && probe !== "queue") {
    throw new Error(`ProvenVersion ${name}: \`probe\` has to be "webhook" or "queue", not ${JSON.stringify(probe)}.`);
  }
  if (probe === "webhook" && credentials === undefined) {
    throw new Error(
      `ProvenVersion ${name}: \`credentials\` is missing, the ARN of the secret that the webhook's test is signed with. ` +
        'A function that reads a queue needs none: `probe: "queue"`.',
    );
  }
}
