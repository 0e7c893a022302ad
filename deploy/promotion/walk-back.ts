import type { Pin } from "../../infra/pin.ts";
import { UserError } from "@pulumi-line-bot/kit/user-error";

/** An operation on a stack that succeeded, and the pin that it had. */
export interface PinnedOperation {
  kind: string;
  pin: Pin;
}

/**
 * The way that led to what runs now, the latest last: each update with a new artifact is a step forward. One with an
 * artifact that is on the way is a step back to it, and what came after it is off the way:
 *
 *   A B C        ▶ A B C
 *   A B C B      ▶ A B        C was rolled back
 *   A B C B D    ▶ A B D      the next rollback comes to B, not to C
 *
 * An update succeeds when LINE's test of what it deployed did. A refresh proves nothing and leads nowhere new; the one
 * at the end of a rollback is a step back.
 * @param operations the oldest first
 */
export function findWay(operations: PinnedOperation[]): Pin[] {
  const way: Pin[] = [];
  for (const { kind, pin } of operations) {
    const place = way.findIndex(({ artifact }) => artifact === pin.artifact);
    if (place !== -1) way.splice(place + 1);
    else if (kind === "update") way.push(pin);
  }
  return way;
}

/**
 * The artifact to go back to: the one before the pinned one on the way; where the pinned one never got there, the last.
 * @param wanted the first digits of one that was proved, whenever that was
 * @throws {UserError} where there is none.
 */
export function chooseFormer(operations: PinnedOperation[], now: Pin | undefined, stack: string, wanted?: string): Pin {
  const proved = operations.filter(({ kind }) => kind === "update").map(({ pin }) => pin);
  const former = wanted === undefined ? stepBack(findWay(operations), now) : findProved(proved, wanted);
  if (former !== undefined) return former;
  const known = [...new Set(proved.map(({ artifact }) => artifact.slice(0, 12)))].join(", ") || "none";
  throw new UserError(
    `There is no ${wanted === undefined ? "older" : "such"} artifact to go back to: with a pin, stack ${stack} has run and proved ${known}. ` +
      `\`npm run rollback -- ${stack} --to <digits>\` takes any of them, and \`npm run promote -- <stack> ${stack}\` gives it another.`,
  );
}

function stepBack(way: Pin[], now: Pin | undefined): Pin | undefined {
  const place = way.findIndex(({ artifact }) => artifact === now?.artifact);
  return place === -1 ? way.at(-1) : way[place - 1];
}

/** @throws {UserError} where the digits fit several. */
function findProved(proved: Pin[], wanted: string): Pin | undefined {
  const found = proved.filter(({ artifact }) => artifact.startsWith(wanted));
  if (new Set(found.map(({ artifact }) => artifact)).size > 1) {
    throw new UserError(`Several artifacts begin with ${JSON.stringify(wanted)}: give more of the digits.`);
  }
  return found.at(-1);
}
