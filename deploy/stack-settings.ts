import * as v from "valibot";
import { type AwsSettings, readAwsSettings } from "../infra/aws-client.ts";
import { lineApiUrl, parseLineApiUrl } from "../line/api-url.ts";
import type { DeployTarget } from "./local-stack.ts";
import { type PulumiCommand, pulumiJson } from "./pulumi-command.ts";

/** What the commands around the program read of a stack's configuration. Nothing secret is asked for. */
export interface StackSettings {
  apiUrl: URL;
  region: string | undefined;
  aws: AwsSettings;
  /** `line:bot`: the user id or basic id that the stack is pinned to. */
  bot: string | undefined;
  channelId: string | undefined;
  /** The ARN of a secret that somebody else fills. */
  credentialsSecret: string | undefined;
  /** Whether the configuration holds a long-lived token. */
  hasAccessToken: boolean;
}

/** What `config --json` prints; a secret's value is left out of it. */
const printed = v.record(v.string(), v.object({ value: v.optional(v.string()), secret: v.boolean() }));

/** @throws {UserError} with what Pulumi said, as where there is no such stack. */
export async function readSettings(
  pulumi: PulumiCommand,
  stack: string,
  target: DeployTarget | undefined,
): Promise<StackSettings> {
  const values = v.parse(printed, await pulumiJson(pulumi, ["config", "--json", "--stack", stack]));
  const get = (key: string) => values[key]?.value;
  const require = (key: string): string => {
    const value = get(key);
    if (value === undefined) throw new Error(`${key} is not set in stack ${stack}`);
    return value;
  };
  return {
    // The stack's file names the simulator's usual port.
    apiUrl: parseLineApiUrl(target?.lineUrl ?? get("line:apiUrl") ?? lineApiUrl),
    region: get("aws:region"),
    aws: readAwsSettings({ get, require }),
    bot: get("line:bot"),
    channelId: get("line:channelId"),
    credentialsSecret: get("line:credentialsSecret"),
    hasAccessToken: values["line:channelAccessToken"] !== undefined,
  };
}
