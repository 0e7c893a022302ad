import type { TypeRules, Attributes, Change } from "./attributes.ts";
import { compare, type Difference } from "./compare.ts";
import { toWanted } from "./outputs.ts";
import type { Field, TypeSchema } from "./schema.ts";

export interface Diff {
  differences: Difference[];
  /** Top-level properties that differ. */
  changed: string[];
  replaces: string[];
  stables: string[];
  deleteBeforeReplace: boolean;
}

/**
 * What it takes to get from the state to the inputs. The olds are outputs, so a drift that a refresh has found counts;
 * the old inputs only tell whether the program gave the name.
 */
export function diff(
  schema: TypeSchema,
  type: Pick<TypeRules, "validate" | "same" | "replaces">,
  olds: Attributes,
  inputs: Attributes,
  ignoreChanges: readonly string[],
): Diff {
  const news = toWanted(schema, inputs);
  type.validate?.(news);
  const found = Object.entries(comparedFields(schema)).flatMap(([name, field]) =>
    compare(olds[name], news[name], { field, path: name, replaces: false, same: type.same }),
  );
  const kept = found.filter(({ path }) => !ignoreChanges.some((ignored) => covers(ignored, path)));
  const change: Change = { olds, news, changed: new Set(kept.map(({ path }) => topOf(path))) };
  const conditional = new Set(type.replaces?.(change));
  const differences = kept.map((difference) => ({
    ...difference,
    replaces: difference.replaces || conditional.has(topOf(difference.path)),
  }));
  const replaces = unique(differences.filter((difference) => difference.replaces).map(({ path }) => topOf(path)));
  return {
    differences,
    changed: [...change.changed].sort(),
    replaces,
    stables: Object.entries(schema.inputs)
      .filter(([name, field]) => field.replaces && !replaces.includes(name))
      .map(([name]) => name),
    deleteBeforeReplace: replaces.length > 0 && deletesFirst(schema, inputs),
  };
}

/** Tags are compared with the provider's own merged in. */
function comparedFields(schema: TypeSchema): Record<string, Field> {
  const fields: Record<string, Field> = {};
  for (const [name, field] of Object.entries(schema.inputs)) if (!field.writeOnly) fields[name] = field;
  if (schema.outputs["tagsAll"]) fields["tagsAll"] = { type: "map", of: "string" };
  return fields;
}

function deletesFirst({ replacement, naming }: TypeSchema, inputs: Attributes): boolean {
  if (replacement !== "delete-first-when-named" || !naming) return replacement === "delete-first";
  const defaults = inputs["__defaults"] as string[] | undefined;
  return defaults !== undefined && inputs[naming.property] !== undefined && !defaults.includes(naming.property);
}

/** `tags` covers `tags.a`; `*` stands for one step of the path. */
function covers(pattern: string, path: string): boolean {
  const [wanted, steps] = [stepsOf(pattern), stepsOf(path)];
  return wanted.length <= steps.length && wanted.every((step, index) => step === "*" || step === steps[index]);
}

function stepsOf(path: string): string[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[([^\]]*)\]|[^.[\]]+/g)].map(
    ([whole, quoted, index]) => quoted ?? index ?? whole,
  );
}

function topOf(path: string): string {
  return stepsOf(path)[0] ?? path;
}

function unique(values: string[]): string[] {
  return [...new Set(values)].sort();
}
