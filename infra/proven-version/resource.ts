import * as pulumi from "@pulumi/pulumi";
import { provider } from "./shim.js";

export interface ProvenVersionArgs {
  /** The ARN of a published version of a webhook function. */
  versionArn: pulumi.Input<string>;
  /** The version itself, such as "7". */
  version: pulumi.Input<string>;
  /** The ARN of the secret with the channel's credentials: the test is signed with them. */
  credentials: pulumi.Input<string>;
  /** The bot's user id, where it is known. */
  botUserId?: pulumi.Input<string> | undefined;
}

/**
 * A version of a webhook function that has answered LINE's signed, empty webhook with 200. An alias that takes its
 * version from here moves only to code that works; where the test fails, it stays on the former version.
 */
export class ProvenVersion extends pulumi.dynamic.Resource {
  declare readonly version: pulumi.Output<string>;

  constructor(name: string, args: ProvenVersionArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args }, opts, "line", "ProvenVersion");
  }
}
