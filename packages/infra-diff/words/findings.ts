/** What users and operators of the bot will feel, the heaviest first. */
import type { Finding } from "../model.ts";
import type { StackResult } from "../stack-diff.ts";
import { about, type Draft, type Rule } from "./draft.ts";
import { lifecycleRules } from "./lifecycle.ts";
import { permissionRules } from "./permissions.ts";
import { propertyRules } from "./properties.ts";
import { specialRules, withoutEffect } from "./special.ts";
import { wholeStackDrafts } from "./whole-stack.ts";

const rules: Rule[] = [lifecycleRules, specialRules, permissionRules, propertyRules];
const order: Finding["weight"][] = ["danger", "caution", "notice"];

export function findingsIn(stacks: StackResult[]): Finding[] {
  const found = new Map<string, Finding>();
  for (const result of stacks) {
    const { stack } = result.diff;
    for (const draft of together(draftsOf(result))) {
      const key = JSON.stringify(draft);
      const known = found.get(key);
      // What holds for several stacks is said once.
      if (known === undefined) found.set(key, { ...draft, stacks: [stack] });
      else if (!known.stacks.includes(stack)) known.stacks.push(stack);
    }
  }
  return order.flatMap((weight) => [...found.values()].filter((finding) => finding.weight === weight));
}

function draftsOf({ compared, diff }: StackResult): Draft[] {
  const whole = wholeStackDrafts(compared, diff);
  if (diff.status !== "changed" && diff.status !== "unchanged") return whole;
  return [
    ...whole,
    ...compared.resources.flatMap((resource) =>
      resource.kind === "same" ? withoutEffect(resource) : rules.flatMap((rule) => rule(resource, compared)),
    ),
  ];
}

/** The same of several resources of one type is one sentence. */
function together(drafts: Draft[]): Omit<Draft, "subject">[] {
  const groups = Map.groupBy(drafts, ({ subject, ...draft }) => JSON.stringify([draft, subject?.type]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { subject: _, ...draft } = first;
    return [
      {
        ...draft,
        phrase: about(
          group.flatMap(({ subject }) => subject ?? []),
          first,
        ),
      },
    ];
  });
}
