import { ServiceError } from "../errors.ts";

interface Failed {
  Id: string;
  SenderFault: true;
  Code: string;
  Message: string;
}

const LIMIT = 10;

/** What makes a batch wrong as a whole. */
export function refuseBadBatch(entries: { Id: string }[]): void {
  if (entries.length === 0)
    throw new ServiceError("EmptyBatchRequest", "There should be at least one entry in the request.");
  if (entries.length > LIMIT)
    throw new ServiceError(
      "TooManyEntriesInBatchRequest",
      `Maximum number of entries per request are ${LIMIT}. You have sent ${entries.length}.`,
    );
  const ids = new Set<string>();
  for (const { Id: id } of entries) {
    if (!/^[\w-]{1,80}$/.test(id))
      throw new ServiceError(
        "InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
      );
    if (ids.has(id)) throw new ServiceError("BatchEntryIdsNotDistinct", `Id ${id} repeated.`);
    ids.add(id);
  }
}

/** Each entry for itself: one that is refused does not touch the others. */
export function settle<E extends { Id: string }, T>(
  entries: E[],
  act: (entry: E) => T,
): { done: { Id: string; result: T }[]; Failed: Failed[] } {
  const done: { Id: string; result: T }[] = [];
  const failed: Failed[] = [];
  for (const entry of entries)
    try {
      done.push({ Id: entry.Id, result: act(entry) });
    } catch (error) {
      if (!(error instanceof ServiceError) || error.status >= 500) throw error;
      failed.push({ Id: entry.Id, SenderFault: true, Code: error.code, Message: error.message });
    }
  return { done, Failed: failed };
}
