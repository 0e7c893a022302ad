import * as pulumi from "@pulumi/pulumi";
import type { LiveVersion } from "./live-versions.ts";
import { provider } from "./shim.js";

export interface LineChannelWebhookArgs {
  /** The HTTPS URL that the channel's webhook is set to: at most 500 characters. */
  endpoint: pulumi.Input<string>;
  /** The ARN of the secret that holds the channel's credentials; read when needed, never stored. */
  credentials: pulumi.Input<string>;
  /** The SHA-256 of what runs behind the endpoint: another one is tested through LINE again. Default: none. */
  artifact?: pulumi.Input<string> | undefined;
  /**
   * The aliases behind the endpoint, and the versions that they stand for now: another version is tested through LINE
   * again, and where it fails, its alias goes back to the version before. Default: none.
   */
  live?: pulumi.Input<pulumi.Input<{ [name in keyof LiveVersion]: pulumi.Input<string> }>[]> | undefined;
  /**
   * The bot that the credentials have to belong to: user id or basic id. Another pin is a replacement.
   * Default: whichever they belong to, and the same ever after.
   */
  bot?: pulumi.Input<string> | undefined;
  /** The URL that may be replaced, although somebody else registered it and it answers. Default: none. */
  takeOver?: pulumi.Input<string> | undefined;
  /** Default: "restore", the URL that was there before. "keep" leaves the endpoint registered. */
  onDestroy?: pulumi.Input<"restore" | "keep"> | undefined;
  /** Whether LINE has to deliver a test to the endpoint. Default: true. */
  verify?: pulumi.Input<boolean> | undefined;
  /** Whether "Use webhook" being off is an error. Default: false, a warning. */
  requireActive?: pulumi.Input<boolean> | undefined;
  /** Default: `https://api.line.me`. */
  apiUrl?: pulumi.Input<string> | undefined;
}

const noImport =
  "A LineChannelWebhook cannot be imported: Pulumi imports no dynamic resource. Leave `import` out. " +
  "Where the channel already points at `endpoint`, creating the resource writes nothing to LINE and takes it in as it is.";

/**
 * The webhook setting of a LINE channel. LINE has one for each channel, and no call that unsets it.
 *
 * It cannot be imported (no dynamic resource can): where the channel already points at `endpoint`, creating the
 * resource changes nothing at LINE, and that is how a channel set by hand comes into a stack.
 */
export class LineChannelWebhook extends pulumi.dynamic.Resource {
  declare readonly endpoint: pulumi.Output<string>;
  /** What LINE's test was made of last, with success. */
  declare readonly artifact: pulumi.Output<string | undefined>;
  /** All artifacts with which LINE's test succeeded, the latest first, at most 50. */
  declare readonly provenArtifacts: pulumi.Output<string[] | undefined>;
  /** "Use webhook": whether LINE sends anything. */
  declare readonly active: pulumi.Output<boolean>;
  declare readonly botUserId: pulumi.Output<string>;
  declare readonly botBasicId: pulumi.Output<string>;
  declare readonly botName: pulumi.Output<string>;

  constructor(name: string, args: LineChannelWebhookArgs, opts?: pulumi.CustomResourceOptions) {
    if (opts?.import !== undefined || opts?.id !== undefined) throw new pulumi.RunError(noImport);
    const outputs = {
      active: undefined,
      botUserId: undefined,
      botBasicId: undefined,
      botName: undefined,
      provenArtifacts: undefined,
    };
    super(provider, name, { ...args, ...outputs }, opts, "line", "LineChannelWebhook");
  }

  /** Where a person becomes the bot's friend. */
  get friendUrl(): pulumi.Output<string> {
    return this.botBasicId.apply((basicId) => `https://line.me/R/ti/p/${encodeURIComponent(basicId)}`);
  }
}
