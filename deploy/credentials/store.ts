import { randomUUID } from "node:crypto";
import { copyFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import type { ChannelCredentials } from "../../line/credentials.ts";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { type PulumiCommand, pulumiText } from "../pulumi-command.ts";
import { type StackAws, tryWriteSecret } from "../stack-aws.ts";

export interface StorePlace {
  pulumi: PulumiCommand;
  stack: string;
  aws: StackAws;
  /** The ARN of a secret that is filled by hand: then the configuration gets the pin alone. */
  credentialsSecret: string | undefined;
}

interface Setting {
  key: string;
  /** Undefined takes the key away. */
  value: string | undefined;
  secret?: boolean;
}

/** Writes the credentials to where the stack has them, and pins the stack to their bot. All of it, or nothing. */
export async function storeCredentials(
  place: StorePlace,
  credentials: ChannelCredentials,
  pin: string,
): Promise<string[]> {
  const { credentialsSecret: arn, aws } = place;
  const bot: Setting = { key: "line:bot", value: pin };
  if (arn === undefined) {
    const file = await changeSettings(place, [...toSettings(credentials), bot]);
    return [`Credentials, encrypted, and line:bot are in ${file}.`];
  }
  const file = await changeSettings(place, [bot], async () => {
    if ((await tryWriteSecret(aws, arn, JSON.stringify(credentials))) !== undefined) return;
    throw new UserError(
      `The secret ${arn} (line:credentialsSecret) does not exist: create it first. Nothing was written.`,
    );
  });
  return [`The credentials are in the secret ${arn}; line:bot is in ${file}.`];
}

const toSettings = ({ channelId, channelSecret, channelAccessToken }: ChannelCredentials): Setting[] => [
  { key: "line:channelId", value: channelId },
  { key: "line:channelSecret", value: channelSecret, secret: true },
  // Another channel's must not stay behind.
  { key: "line:channelAccessToken", value: channelAccessToken, secret: true },
];

/** Changes a copy of the stack's file, which then takes the file's place at once; `before` may still stop that. */
async function changeSettings(
  { pulumi, stack }: StorePlace,
  settings: Setting[],
  before: () => Promise<void> = async () => {},
): Promise<string> {
  // An organization or project before the stack's own name is no part of the file's.
  const file = `Pulumi.${stack.split("/").at(-1)}.yaml`;
  const draft = path.join(pulumi.cwd, `.${randomUUID()}.${file}`);
  try {
    await copyIfThere(path.join(pulumi.cwd, file), draft);
    for (const setting of settings) await change(pulumi, ["--stack", stack, "--config-file", draft], setting);
    await before();
    await rename(draft, path.join(pulumi.cwd, file));
    return file;
  } finally {
    await rm(draft, { force: true });
  }
}

async function change(pulumi: PulumiCommand, where: string[], { key, value, secret = false }: Setting): Promise<void> {
  if (value === undefined) await pulumiText(pulumi, ["config", "rm", key, ...where]);
  else await pulumiText(pulumi, ["config", "set", secret ? "--secret" : "--plaintext", key, ...where], value);
}

async function copyIfThere(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}
