import * as v from "valibot";
import { type AwsSettings, readAwsSettings } from "../infra/aws-settings.ts";
import { lineApiUrl, parseLineApiUrl } from "../line/api-url.ts";
import type { DeployTarget } from "./local-stack.ts";
import { type PulumiCommand, pulumiJson, pulumiText } from "./pulumi-command.ts";

/** What the commands around the program read of a stack's configuration: of the secrets, only those that reach AWS. */
export interface StackSettings {
  apiUrl: URL;
  region: string | undefined;
  aws: AwsSettings;
  /** `line:bot`: the user id or basic id that the stack is pinned to. */
  bot: string | undefined;
  channelId: string | undefined;
  /** The ARN of a secret that somebody else fills. */
  credentialsSecret: string | undefined;
  /** `line-bot:alarmEmail`: who gets a mail, or "none". */
  alarmEmail: string | undefined;
  /** Whether the configuration holds a long-lived token. */
  hasAccessToken: boolean;
}

/** What `config --json` prints; a secret's value is left out of it. */
const printed = v.record(v.string(), v.object({ value: v.optional(v.string()), secret: v.boolean() }));
type Printed = v.InferOutput<typeof printed>;

/** @throws {UserError} with what Pulumi said, as where there is no such stack. */
export async function readSettings(
  pulumi: PulumiCommand,
  stack: string,
  target: DeployTarget | undefined,
): Promise<StackSettings> {
  const values = v.parse(printed, await pulumiJson(pulumi, ["config", "--json", "--stack", stack]));
  const get = (key: string) => values[key]?.value;
  const secrets = await revealAwsSecrets(pulumi, stack, values);
  return {
    // The stack's file names the simulator's usual port.
    apiUrl: parseLineApiUrl(target?.lineUrl ?? get("line:apiUrl") ?? lineApiUrl),
    region: get("aws:region"),
    aws: readAwsSettings({ get: (key) => secrets[key] ?? get(key) }),
    bot: get("line:bot"),
    channelId: get("line:channelId"),
    credentialsSecret: get("line:credentialsSecret"),
    alarmEmail: get("line-bot:alarmEmail"),
    hasAccessToken: values["line:channelAccessToken"] !== undefined,
  };
}

/** Such as `aws:secretKey`. The channel's secrets stay encrypted. */
async function revealAwsSecrets(
  pulumi: PulumiCommand,
  stack: string,
  values: Printed,
): Promise<Record<string, string>> {
  const keys = Object.keys(values).filter((key) => key.startsWith("aws:") && values[key]?.secret);
  const reveal = async (key: string) => {
    const text = await pulumiText(pulumi, ["config", "get", key, "--stack", stack]);
    return [key, text.replace(/\n$/, "")] as const;
  };
  return Object.fromEntries(await Promise.all(keys.map(reveal)));
}
