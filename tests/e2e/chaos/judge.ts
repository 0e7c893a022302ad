import type { PlannedEvent } from "./plan.ts";

export interface Said {
  chatId: string;
  text: string;
}

export interface Verdict {
  events: number;
  /** Events whose push arrived. */
  pushed: number;
  /** Events whose reply arrived. */
  replied: number;
  /** Replies that never arrived: the reply token's minute was over, for want of workers or because one was killed. */
  unreplied: number;
  /** How many of a hundred messages that a reply was to answer got none. */
  unansweredPercent: number;
  /** Pushes that never arrived. */
  lost: string[];
  /** Answers that arrived more than once. */
  doubled: string[];
  /** Pushes that arrived before an earlier one of the same chat, dead letters aside. */
  outOfOrder: string[];
}

/** Compares what the bot said with what it was to say. */
export function judge(events: PlannedEvent[], said: Said[], isLate: (event: PlannedEvent) => boolean): Verdict {
  const heard = Map.groupBy(said, ({ chatId, text }) => `${chatId}/${text}`);
  const times = ({ userId, text }: PlannedEvent) => heard.get(`${userId}/${text}`)?.length ?? 0;
  const pushes = events.filter(({ way }) => way === "push");
  const replies = events.filter(({ way }) => way === "reply");
  const name = ({ userId, text }: PlannedEvent) => `${userId}/${text}`;
  const unreplied = replies.filter((event) => times(event) === 0).length;
  return {
    events: events.length,
    pushed: pushes.filter((event) => times(event) > 0).length,
    replied: replies.filter((event) => times(event) > 0).length,
    unreplied,
    unansweredPercent: replies.length === 0 ? 0 : (100 * unreplied) / replies.length,
    lost: pushes.filter((event) => times(event) === 0).map(name),
    doubled: events.filter((event) => times(event) > 1).map(name),
    outOfOrder: findOutOfOrder(pushes, said, isLate).map(name),
  };
}

function findOutOfOrder(pushes: PlannedEvent[], said: Said[], isLate: (event: PlannedEvent) => boolean) {
  const place = new Map(said.map(({ chatId, text }, index) => [`${chatId}/${text}`, index]));
  const at = ({ userId, text }: PlannedEvent) => place.get(`${userId}/${text}`) ?? Number.POSITIVE_INFINITY;
  const inTime = Map.groupBy(
    pushes.filter((event) => !isLate(event)),
    ({ userId }) => userId,
  );
  return [...inTime.values()].flatMap((own) =>
    own.filter((event, index) => index > 0 && at(event) < at(own[index - 1]!)),
  );
}
