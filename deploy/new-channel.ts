import * as v from "valibot";
import type { EngineEvent } from "@pulumi-line-bot/pulumi-engine/engine";

/** A channel whose webhook a deployment set for the first time. */
export interface NewChannel {
  botBasicId: string;
  active: boolean;
}

const channelWebhook = v.object({
  type: v.pipe(v.string(), v.endsWith(":LineChannelWebhook")),
  outputs: v.object({ botBasicId: v.string(), active: v.boolean() }),
});

/** Finds it in what the embedded engine reports while it runs. */
export function tryNewChannelOf({ resOutputsEvent: step }: EngineEvent): NewChannel | undefined {
  if (step === undefined || !["create", "create-replacement"].includes(step.metadata.op)) return undefined;
  return toNewChannel(step.metadata.new);
}

const exported = v.object({
  deployment: v.object({
    resources: v.optional(v.array(v.looseObject({ created: v.optional(v.pipe(v.string(), v.isoTimestamp())) })), []),
  }),
});

/** Finds it in what `pulumi stack export` prints, which says when each resource was created. */
export function tryNewChannelIn(printed: unknown, sinceMs: number): NewChannel | undefined {
  const { deployment } = v.parse(exported, printed);
  const isNew = ({ created }: { created?: string | undefined }) =>
    created !== undefined && Date.parse(created) >= sinceMs;
  return deployment.resources.filter(isNew).map(toNewChannel).find(Boolean);
}

function toNewChannel(resource: unknown): NewChannel | undefined {
  const parsed = v.safeParse(channelWebhook, resource);
  return parsed.success ? parsed.output.outputs : undefined;
}
