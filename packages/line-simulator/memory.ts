/** What the platform forgets when it restarts: short-lived, and bounded. */
export interface Memory {
  /** Unused reply tokens. A used one is gone: LINE answers used, expired and unknown alike. */
  replyTokens: BoundedMap<ReplyToken>;
  retryKeys: BoundedMap<AcceptedRequest>;
  /** Levels of the rate limits' buckets, by channel and operation. */
  buckets: BoundedMap<{ level: number; atMs: number }>;
  linkTokens: BoundedMap<{ channelId: string; personId: string; expiresAtMs: number }>;
  /** Requests that were accepted, by their id. */
  narrowcasts: BoundedMap<Narrowcast>;
  richMenuBatches: BoundedMap<RichMenuBatch>;
  /** When a webhook host name was first seen. */
  hostsSeenAtMs: BoundedMap<number>;
}

interface ReplyToken {
  channelId: string;
  chatId: string;
  eventAtMs: number;
  usableUntilMs: number;
}

export interface Narrowcast {
  channelId: string;
  acceptedAtMs: number;
  completedAtMs?: number;
  userIds: string[];
  failure?: { errorCode: number; failedDescription: string };
}

export interface RichMenuBatch {
  channelId: string;
  acceptedAtMs: number;
  completedAtMs?: number;
}

interface AcceptedRequest {
  requestId: string;
  acceptedAtMs: number;
  body: object;
}

/** Drops its oldest entry when it is full. */
export interface BoundedMap<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
}

function createBoundedMap<V>(limit: number): BoundedMap<V> {
  const map = new Map<string, V>();
  return {
    get: (key) => map.get(key),
    set(key, value) {
      map.delete(key);
      map.set(key, value);
      if (map.size <= limit) return;
      const [oldest] = map.keys();
      if (oldest !== undefined) map.delete(oldest);
    },
    delete: (key) => void map.delete(key),
  };
}

export const createMemory = (): Memory => ({
  replyTokens: createBoundedMap(20_000),
  retryKeys: createBoundedMap(20_000),
  buckets: createBoundedMap(10_000),
  linkTokens: createBoundedMap(1000),
  narrowcasts: createBoundedMap(1000),
  richMenuBatches: createBoundedMap(1000),
  hostsSeenAtMs: createBoundedMap(1000),
});
