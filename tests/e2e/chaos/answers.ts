import type { LocalCloud } from "../../../deploy/local/cloud.ts";
import type { Said } from "./judge.ts";
import type { PlannedEvent } from "./plan.ts";

/** A reply token is good for a minute: after that nobody waits for its answer. */
const patienceMs = 60_000;

/** Which messages were written, and what the bot has said to them, in the order in which LINE took it. */
export interface Answers {
  /** This message is being written now. */
  expect(event: PlannedEvent): void;
  /** Resolves when fewer than so many wait for their answer, of those written in the last minute. */
  fewerThan(waiting: number): Promise<void>;
  said: Said[];
  sent(): number;
  /** Seconds from a message to its answer, for the slowest in a hundred. */
  slowSeconds(): number;
}

export function watchAnswers({ line }: Pick<LocalCloud, "line">): Answers {
  const writtenAtMs = new Map<string, number>();
  const tookMs: number[] = [];
  const said: Said[] = [];
  const open = new Map<string, NodeJS.Timeout>();
  let changed = Promise.withResolvers<void>();

  const close = (key: string) => {
    clearTimeout(open.get(key));
    if (!open.delete(key)) return;
    changed.resolve();
    changed = Promise.withResolvers();
  };
  line.subscribe((trace) => {
    if (trace.kind !== "message" || trace.change !== "new") return;
    const { personId, by, chatId, content } = trace.message;
    if (personId !== undefined || by !== undefined || content.type !== "text") return;
    const key = `${chatId}/${content.text}`;
    said.push({ chatId, text: content.text });
    const writtenAt = writtenAtMs.get(key);
    if (writtenAt !== undefined) tookMs.push(performance.now() - writtenAt);
    close(key);
  });
  return {
    said,
    sent: () => writtenAtMs.size,
    expect({ userId, text }) {
      const key = `${userId}/${text}`;
      writtenAtMs.set(key, performance.now());
      open.set(key, setTimeout(() => close(key), patienceMs).unref());
    },
    async fewerThan(waiting) {
      while (open.size >= waiting) await changed.promise;
    },
    slowSeconds: () => (tookMs.toSorted((one, other) => one - other)[Math.floor(tookMs.length * 0.99)] ?? 0) / 1000,
  };
}
