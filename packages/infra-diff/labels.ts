import { type CodeDiff, type Finding, type Label, labels, type StackDiff } from "./model.ts";

/** In the order of the list of labels. */
export function labelsOf(stacks: StackDiff[], findings: Finding[], code: CodeDiff | undefined): Label[] {
  const kinds = new Set<string>(stacks.flatMap(({ changes }) => changes.map(({ kind }) => kind)));
  const found = new Set<Label>(findings.flatMap(({ label }) => label ?? []));
  for (const kind of ["create", "update", "replace", "delete"] as const) if (kinds.has(kind)) found.add(kind);
  if (stacks.some(({ status }) => status === "broken")) found.add("broken");
  if (code && code.dependencies.length > 0) found.add("dependencies");
  return labels.filter((label) => found.has(label));
}
