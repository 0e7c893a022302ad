import { mappingsOf } from "./mapping.ts";
import { Poller, type PolledCloud } from "./poller.ts";

/** Lambda's side that fetches events: a poller for each event source mapping. */
export interface EventSources {
  /** Goes on with the mappings that are there: functions may be called from now on. */
  resume(): void;
  /** A mapping was made, has changed, or is gone. */
  follow(uuid: string): void;
  /** Ends fetching; batches in work go on. */
  stop(): void;
  /** Resolves when no batch is in work. */
  ended(): Promise<void>;
}

export function createEventSources(cloud: PolledCloud): EventSources {
  const pollers = new Map<string, Poller>();
  const follow = (uuid: string): void => {
    let poller = pollers.get(uuid);
    if (!poller) pollers.set(uuid, (poller = new Poller(uuid, cloud)));
    poller.follow();
  };
  return {
    resume() {
      for (const { id } of mappingsOf(cloud).values()) follow(id);
    },
    follow,
    stop() {
      for (const poller of pollers.values()) poller.stop();
    },
    async ended() {
      await Promise.all([...pollers.values()].map((poller) => poller.ended()));
    },
  };
}
