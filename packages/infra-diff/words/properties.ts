/** What another value of a property means, of what stays. */
import type { PropertyValue } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { isMap } from "@pulumi-line-bot/pulumi-engine/values/properties";
import { inputOf } from "../compared.ts";
import { joined, type Phrase } from "../model.ts";
import { tryParseContainer } from "../property-changes.ts";
import { referencesIn } from "../references.ts";
import { caution, danger, type Draft, notice, type Rule } from "./draft.ts";
import { type Change, isLess, type Row, shown } from "./property-row.ts";
import { propertyRows } from "./property-rows.ts";

/** Sentences of what stays: a new one is said to be new, and a replaced one is that above all. */
export const propertyRules: Rule = (resource, stack) => {
  const { former, now, type } = resource;
  if (!former || !now) return [];
  const references = referencesIn(stack);
  return propertyRows.flatMap((row): Draft[] => {
    if (row.type !== type) return [];
    const [old, fresh] = [former, now].map((state) => at(inputOf(state, top(row)), row));
    const change: Change = { former: old, now: fresh, unit: row.unit };
    if (references.isSame(old, fresh)) return [];
    const weigh = { danger, caution, notice }[row.weight?.(change) ?? "notice"];
    return [weigh(joined([...row.say(change), ...was(change), ...then(change, row), "."]), row.label, resource)];
  });
};

const top = ({ path: [first = ""] }: Row): string => first;

function at(value: PropertyValue | undefined, { path }: Row): PropertyValue | undefined {
  let found = value;
  for (const step of path.slice(1)) {
    const inner = typeof found === "string" ? tryParseContainer(found) : found;
    found = isMap(inner) ? inner[step] : undefined;
  }
  return found ?? undefined;
}

const was = ({ former, unit }: Change): Phrase => (unit === undefined ? [] : [" (was ", ...shown(former, unit), ")"]);

const then = (change: Change, { ifLess }: Row): Phrase => (ifLess === undefined || !isLess(change) ? [] : [ifLess]);
