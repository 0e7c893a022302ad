import type { BotChannel } from "../line-bot.ts";
import type { Webhook } from "../../infra/channel-webhook/channel.ts";
import type { ChannelCredentials } from "../../line/credentials.ts";
import type { Deployment } from "../deployment.ts";
import type { DeployTarget } from "../local-stack.ts";
import type { PulumiCommand } from "../pulumi-command.ts";

/** What is known before the first link. */
export interface World {
  stack: string;
  pulumi: PulumiCommand;
  /** The cloud of the local stack. */
  target: DeployTarget | undefined;
  /** Whether LINE is asked for a test: it allows 60 an hour. */
  lineTest: boolean;
  /** Whether everything deployed is read and compared with the state. */
  drift: boolean;
  /** Whether the artifact is built twice and compared. */
  build: boolean;
}

/** What links find out, for those after them. */
export interface Facts {
  pulumi: string;
  deployed: Deployment;
  credentials: ChannelCredentials;
  accessToken: string;
  line: BotChannel;
  webhook: Webhook;
  trusted: true;
  /** LINE's empty webhook is taken. */
  answers: true;
}

export interface Finding {
  status: "ok" | "warning" | "failed" | "skipped";
  says: string;
  /** What to do about it. */
  todo?: string;
  found?: Partial<Facts>;
}

/** One link of the chain from the stack to the bot that answers. */
export interface Link<Needed extends keyof Facts = keyof Facts> {
  name: string;
  /** Without these there is nothing to check. */
  needs: readonly Needed[];
  gives?: keyof Facts;
  /** What is thrown is what is wrong; this is what to do about it then. */
  otherwise: string | ((world: World) => string);
  check(facts: Pick<Facts, Needed>, world: World): Finding | Promise<Finding>;
}

/** Lets TypeScript infer from `needs` what `check` may use. */
export const link = <const Needed extends keyof Facts = never>(definition: Link<Needed>): Link => definition;
