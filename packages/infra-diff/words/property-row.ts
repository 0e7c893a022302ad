/** What the rows of the table are made of. */
import type { PropertyValue } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { type Label, type Phrase, say } from "../model.ts";
import { toShown } from "../property-changes.ts";
import type { Draft } from "./draft.ts";

export interface Change {
  former: PropertyValue | undefined;
  now: PropertyValue | undefined;
  unit: string | undefined;
}

export interface Row {
  type: string;
  /** The path from the inputs inwards, into JSON text, too. */
  path: string[];
  /** What follows the resource's name. */
  say: (change: Change) => Phrase;
  /** What the number is one of; where it is said, the former value stands at the end. */
  unit?: string;
  /** What follows from a smaller number. */
  ifLess?: string;
  weight?: (change: Change) => Draft["weight"];
  label?: Label;
}

export const isLess = ({ former, now }: Change): boolean => Number(now ?? 0) < Number(former ?? 0);
export const lessIs =
  (weight: Draft["weight"]): NonNullable<Row["weight"]> =>
  (change) =>
    isLess(change) ? weight : "notice";
export const offIs =
  (weight: Draft["weight"]): NonNullable<Row["weight"]> =>
  ({ now }) =>
    now === true ? "notice" : weight;
export const always =
  (weight: Draft["weight"]): NonNullable<Row["weight"]> =>
  () =>
    weight;

export const is = ({ now, unit = "" }: Change): Phrase => shown(now, unit);

export const shown = (value: PropertyValue | undefined, unit: string): Phrase =>
  value === undefined ? ["the default"] : [...say`${textOf(value)}`, unit];

function textOf(value: PropertyValue): string {
  const shown = toShown(value);
  if (Array.isArray(shown)) return shown.map(String).join(", ");
  return typeof shown === "string" ? shown : JSON.stringify(shown);
}

export const isEmpty = (value: PropertyValue | undefined): boolean =>
  value === undefined || (Array.isArray(value) && value.length === 0);
