import { UserError } from "@pulumi-line-bot/kit/user-error";

/** How many of an event's digits the log and the list of dead letters show. */
export const shownDigits = 12;

/**
 * The digests of the events that are named by their first digits, twelve or more of them.
 * @throws {UserError} where digits are fewer, or name none of the events, or several.
 */
export function chooseEvents(named: readonly string[], digests: Iterable<string>): Set<string> {
  const all = [...new Set(digests)];
  return new Set(named.map((digits) => chooseEvent(digits, all)));
}

function chooseEvent(digits: string, digests: readonly string[]): string {
  const candidates = digests.filter((digest) => digest.startsWith(digits));
  const [only] = candidates;
  if (candidates.length === 1 && digits.length >= shownDigits && only !== undefined) return only;
  throw new UserError(`--event ${digits} ${explain(digits, candidates)}`);
}

function explain(digits: string, candidates: readonly string[]): string {
  if (candidates.length === 0) return "is no dead letter's event; the list without --event has them";
  if (digits.length < shownDigits) {
    const few = candidates.map((digest) => digest.slice(0, shownDigits)).join(", ");
    return `is too short to name an event for sure: ${shownDigits} digits do, as in ${few}`;
  }
  return `is the beginning of several events; name one of them with more digits: ${candidates.join(", ")}`;
}
