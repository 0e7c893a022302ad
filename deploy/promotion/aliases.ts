import * as v from "valibot";
import { type LiveVersion, liveVersion } from "../../infra/channel-webhook/live-versions.ts";
import { moveAliases } from "../stack-aws.ts";
import type { RunOperation } from "../stack-engines.ts";
import type { StackPlace } from "../stack-place.ts";
import { readSettings } from "../stack-settings.ts";
import { type ExportedResource, tryExport } from "./exported.ts";

const channelWebhook = v.object({
  urn: v.string(),
  type: v.pipe(v.string(), v.endsWith(":LineChannelWebhook")),
  outputs: v.object({
    live: v.optional(v.array(liveVersion), []),
    registeredEndpoint: v.optional(v.string()),
    ownEndpoints: v.optional(v.array(v.string()), []),
  }),
});
const alias = v.object({
  urn: v.string(),
  type: v.literal("aws:lambda/alias:Alias"),
  modified: v.optional(v.string(), ""),
  outputs: v.object({ arn: v.string(), functionVersion: v.string() }),
});

export interface ProvedState {
  /** The channel's webhook. `undefined` if it was never set. */
  urn: string | undefined;
  /** What was live when LINE's test succeeded last, or as a refresh has seen it since. */
  live: LiveVersion[];
  /** The URLs that the stack set itself. */
  own: string[];
  /** What the state of the aliases themselves says, and since when. */
  aliases: { urn: string; arn: string; functionVersion: string; modifiedAtMs: number }[];
}

export function readProved(resources: ExportedResource[]): ProvedState {
  const found = resources.flatMap((resource) => {
    const parsed = v.safeParse(channelWebhook, resource);
    return parsed.success ? [parsed.output] : [];
  });
  const aliases = resources.flatMap((resource) => {
    const parsed = v.safeParse(alias, resource);
    if (!parsed.success) return [];
    const { urn, modified, outputs } = parsed.output;
    return [{ urn, ...outputs, modifiedAtMs: Date.parse(modified) }];
  });
  const { urn, outputs } = found[0] ?? {};
  const own = [outputs?.registeredEndpoint ?? [], outputs?.ownEndpoints ?? []].flat();
  return { urn, live: outputs?.live ?? [], own, aliases };
}

/**
 * After an update that failed: an alias that it moved goes back to the version before, where the proof has not seen to
 * that, or was never reached; and the state is made to say what is live.
 */
export async function followAliases(place: StackPlace, run: RunOperation, sinceMs: number): Promise<void> {
  const state = readProved((await tryExport(place)) ?? []);
  const moved = state.live.filter(({ aliasArn, version }) =>
    state.aliases.some(
      ({ arn, functionVersion, modifiedAtMs }) =>
        arn === aliasArn && functionVersion !== version && modifiedAtMs >= sinceMs,
    ),
  );
  if (moved.length === 0) return;
  const { aws } = await readSettings(place.pulumi, place.stack, place.target);
  await moveAliases({ settings: aws, target: place.target }, moved);
  console.error("\nThe new version was not proved, and the one before is live again. The state is made to say so:");
  await refreshLive(place, run, state, moved);
}

/** Lets the state know which versions are live. */
export async function refreshLive(
  place: StackPlace,
  run: RunOperation,
  { urn, aliases }: ProvedState,
  moved: LiveVersion[],
): Promise<void> {
  const urns = aliases.filter(({ arn }) => moved.some(({ aliasArn }) => aliasArn === arn)).map((alias) => alias.urn);
  await run("refresh", place, { yes: true, target: urn === undefined ? urns : [...urns, urn] });
}
