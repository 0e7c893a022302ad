/**
 * The dynamic provider of `LineChannelWebhook`, which the shim in the state hands over to. The resource is the bot's
 * webhook setting: its id is the bot's user id, its one live property the URL.
 */
import type { dynamic } from "@pulumi/pulumi";
import { readAwsSettings } from "../aws-settings.ts";
import { openEngineLog } from "../engine-log.ts";
import { readStoredCredentials } from "../stored-credentials.ts";
import type { Claims } from "./claims.ts";
import { type Aliases, openAliases } from "./live-versions.ts";
import * as webhook from "./webhook-provider.ts";
import type { Properties } from "./inputs.ts";
import type { ProviderWorld } from "./session.ts";

const claims: Claims = new Map();

export async function check(_olds: Properties, news: Properties): Promise<dynamic.CheckResult> {
  return webhook.check(claims, news);
}

export async function diff(_id: string, olds: Properties, news: Properties): Promise<dynamic.DiffResult> {
  return webhook.diff(olds, news);
}

export const create = (inputs: Properties, config: dynamic.Config): Promise<dynamic.CreateResult> =>
  inWorld(config, (world) => webhook.create(world, inputs));

export const update = (
  id: string,
  olds: Properties,
  news: Properties,
  config: dynamic.Config,
): Promise<dynamic.UpdateResult> => inWorld(config, (world) => webhook.update(world, id, olds, news));

export const read = (id: string, outputs: Properties, config: dynamic.Config): Promise<dynamic.ReadResult> =>
  inWorld(config, (world) => webhook.read(world, id, outputs));

export const remove = (id: string, outputs: Properties, config: dynamic.Config): Promise<void> =>
  inWorld(config, (world) => webhook.remove(world, id, outputs));

async function inWorld<T>(config: dynamic.Config, use: (world: ProviderWorld) => Promise<T>): Promise<T> {
  const log = openEngineLog(process.argv[2]);
  const readCredentials = (arn: string) => readStoredCredentials(arn, readAwsSettings(config));
  // The settings are read when they are needed: a mistake in them is no reason to fail what needs none.
  const aliases: Aliases = {
    getVersion: (arn) => openAliases(readAwsSettings(config)).getVersion(arn),
    setVersion: (arn, version) => openAliases(readAwsSettings(config)).setVersion(arn, version),
  };
  try {
    return await use({ readCredentials, log, aliases, claims });
  } finally {
    await log.close();
  }
}
