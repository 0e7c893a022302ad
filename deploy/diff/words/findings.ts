/** What users and operators of the bot will feel, the heaviest first. */
import type { Finding } from "../model.ts";
import type { StackResult } from "../stack-diff.ts";
import type { Draft, Rule } from "./draft.ts";
import { lifecycleRules } from "./lifecycle.ts";
import { permissionRules } from "./permissions.ts";
import { propertyRules } from "./properties.ts";
import { specialRules } from "./special.ts";
import { wholeStackDrafts } from "./whole-stack.ts";

const rules: Rule[] = [lifecycleRules, specialRules, permissionRules, propertyRules];
const order: Finding["weight"][] = ["danger", "caution", "notice"];

export function findingsIn(stacks: StackResult[]): Finding[] {
  const found = new Map<string, Finding>();
  for (const { compared, diff } of stacks) {
    for (const draft of draftsOf({ compared, diff })) {
      const key = JSON.stringify(draft);
      const known = found.get(key);
      // What holds for several stacks is said once.
      if (known === undefined) found.set(key, { ...draft, stacks: [diff.stack] });
      else if (!known.stacks.includes(diff.stack)) known.stacks.push(diff.stack);
    }
  }
  return order.flatMap((weight) => [...found.values()].filter((finding) => finding.weight === weight));
}

function draftsOf({ compared, diff }: StackResult): Draft[] {
  const whole = wholeStackDrafts(compared, diff);
  if (diff.status !== "changed") return whole;
  return [...whole, ...compared.resources.flatMap((resource) => rules.flatMap((rule) => rule(resource, compared)))];
}
