import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Document, isMap, isScalar, parseDocument } from "yaml";
import { openSecretsManager } from "@pulumi-line-bot/pulumi-engine/secrets/passphrase";
import { devChannel, prodChannel } from "@pulumi-line-bot/line-simulator/seed";
import { type DeployTarget, localDataDir, localStack, root } from "./local-stack.ts";

/** Which of the simulator's channels a stack has on this machine. */
const channels: Readonly<Record<string, typeof devChannel | typeof prodChannel>> = { prod: prodChannel };

/** The keys that hold on this machine too, among those that say where and whose a stack is. */
const keptAwsKeys = new Set(["aws:region", "aws:defaultTags"]);

/**
 * The settings of a stack that is meant for AWS, for this machine: those of its committed file, which is not changed,
 * with the simulator's address and one of its channels, the local account, and the local passphrase.
 * @param text of the stack's file. Default: as it is now
 * @returns a file below the local cloud's folder
 */
export async function writeLocalSettings(stack: string, target: DeployTarget, text?: string): Promise<string> {
  const settings = parseDocument(text ?? (await readFile(stackFile(stack), "utf8")));
  const salt = parseDocument(await readFile(stackFile(localStack), "utf8")).get("encryptionsalt");
  const { encrypt } = await openSecretsManager(String(salt), target.env).unlock();
  const channel = channels[stack] ?? devChannel;
  for (const key of ["secretsprovider", "encryptedkey", "environment"]) settings.delete(key);
  for (const key of configKeys(settings)) if (isForeign(key, settings)) settings.deleteIn(["config", key]);
  settings.set("encryptionsalt", salt);
  const own = {
    "aws:allowedAccountIds": ["000000000000"],
    "line:apiUrl": target.lineUrl,
    "line:channelId": channel.channelId,
    "line:channelSecret": { secure: encrypt(channel.channelSecret) },
    "line:bot": channel.userId,
  };
  for (const [key, value] of Object.entries(own)) settings.setIn(["config", key], settings.createNode(value));
  const file = path.join(localDataDir, `Pulumi.${stack}.yaml`);
  await mkdir(localDataDir, { recursive: true });
  await writeFile(file, String(settings));
  return file;
}

/** A stack may be named with its organization and project. */
export const stackFile = (stack: string): string => path.join(root, `Pulumi.${stack.split("/").at(-1)}.yaml`);

/** What belongs to an AWS account or to a channel of LINE's own, or was encrypted for others. */
const isForeign = (key: string, settings: Document): boolean =>
  (key.startsWith("aws:") && !keptAwsKeys.has(key)) ||
  key === "line:credentialsSecret" ||
  settings.hasIn(["config", key, "secure"]);

function configKeys(settings: Document): string[] {
  const config = settings.get("config");
  if (!isMap(config)) return [];
  return config.items.map(({ key }) => String(isScalar(key) ? key.value : key));
}
