import type { Clock } from "./clock.ts";
import type { ChatMessage } from "./state.ts";
import type { Delivery } from "./webhook/post.ts";

/** What happened, without tokens, secrets or signatures: the one log that page and tests read. */
type Happening =
  | {
      kind: "api";
      channelId?: string;
      operation: string;
      method: string;
      path: string;
      status: number;
      requestId: string;
    }
  | {
      kind: "webhook";
      channelId: string;
      events: { type: string; webhookEventId: string; isRedelivery: boolean }[];
      delivery: Delivery;
    }
  | {
      kind: "message";
      channelId: string;
      chatId: string;
      change: "new" | "edited" | "unsent" | "read";
      message: ChatMessage;
    }
  | { kind: "loading"; channelId: string; chatId: string; seconds: number }
  | { kind: "console"; action: string; channelId?: string };

export type Trace = Happening & { seq: number; atMs: number };

/** How many are kept for those who come later. */
const keptTraces = 1000;

export interface TraceLog {
  add(happening: Happening): void;
  /** Calls `listener` with every trace from now on; what it returns ends that. */
  subscribe(listener: (trace: Trace) => void): () => void;
  /** The latest, oldest first. */
  recent(): readonly Trace[];
  clear(): void;
}

export function createTraceLog(clock: Clock): TraceLog {
  const listeners = new Set<(trace: Trace) => void>();
  let traces: Trace[] = [];
  let seq = 0;
  return {
    add(happening) {
      const trace: Trace = { seq: ++seq, atMs: clock.now(), ...happening };
      traces.push(trace);
      if (traces.length > 2 * keptTraces) traces = traces.slice(-keptTraces);
      for (const listener of listeners) listener(trace);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    recent: () => traces.slice(-keptTraces),
    clear() {
      traces = [];
    },
  };
}
