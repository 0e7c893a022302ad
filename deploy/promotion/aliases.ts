import * as v from "valibot";
import { type LiveVersion, liveVersion } from "../../infra/channel-webhook/live-versions.ts";
import type { StackPlace } from "../stack-place.ts";
import { type ExportedResource, tryExport } from "./exported.ts";

const channelWebhook = v.object({
  type: v.pipe(v.string(), v.endsWith(":LineChannelWebhook")),
  outputs: v.object({ artifact: v.optional(v.string()), live: v.optional(v.array(liveVersion), []) }),
});
const alias = v.object({
  urn: v.string(),
  type: v.literal("aws:lambda/alias:Alias"),
  outputs: v.object({ arn: v.string(), functionVersion: v.string() }),
});

export interface ProvedState {
  /** Undefined: nothing was proved yet. */
  artifact: string | undefined;
  /** What was live when LINE's test succeeded last. */
  live: LiveVersion[];
  /** What the state says is live. */
  aliases: { urn: string; arn: string; functionVersion: string }[];
}

export function readProved(resources: ExportedResource[]): ProvedState {
  const found = resources.flatMap((resource) => {
    const parsed = v.safeParse(channelWebhook, resource);
    return parsed.success ? [parsed.output.outputs] : [];
  });
  const aliases = resources.flatMap((resource) => {
    const parsed = v.safeParse(alias, resource);
    return parsed.success ? [{ urn: parsed.output.urn, ...parsed.output.outputs }] : [];
  });
  return { artifact: found[0]?.artifact, live: found[0]?.live ?? [], aliases };
}

/**
 * After an update whose proof failed, the aliases are at the versions that were proved before, and the state does not
 * know: it is made to.
 */
export async function followAliases(place: StackPlace, refresh: (urns: string[]) => Promise<number>): Promise<void> {
  const { aliases, live } = readProved((await tryExport(place)) ?? []);
  const moved = aliases.filter(({ arn, functionVersion }) =>
    live.some(({ aliasArn, version }) => aliasArn === arn && version !== functionVersion),
  );
  if (moved.length === 0) return;
  console.error("\nThe new version was not proved. What is live is read again, so that the state says so:");
  await refresh(moved.map(({ urn }) => urn));
}
