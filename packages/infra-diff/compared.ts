/** What rules look at: each resource of a stack as it was and as it is to be. */
import type { PropertyMap, PropertyValue, ResourceState } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import type { StepEventMetadata } from "@pulumi-line-bot/pulumi-engine/contracts/events";
import { containsSecrets, containsUnknowns } from "@pulumi-line-bot/pulumi-engine/values/properties";
import { isProviderType, parseUrn, ROOT_STACK_TYPE } from "@pulumi-line-bot/pulumi-engine/values/urn";
import type { EvaluatedStep } from "./evaluate.ts";
import type { ChangeKind } from "./model.ts";

export type State = Pick<
  ResourceState,
  | "urn"
  | "type"
  | "custom"
  | "id"
  | "inputs"
  | "outputs"
  | "parent"
  | "protect"
  | "dependencies"
  | "propertyDependencies"
>;

export interface ComparedResource {
  urn: string;
  type: string;
  name: string;
  kind: ChangeKind | "same";
  former: State | undefined;
  now: State | undefined;
  /** Properties that force a replacement. */
  keys: string[];
  detailedDiff: StepEventMetadata["detailedDiff"];
}

export interface ComparedStack {
  stack: string;
  /** Components, providers and the stack itself are left out. */
  resources: ComparedResource[];
  outputs: { former: PropertyMap; now: PropertyMap };
}

const kindOfOp: Partial<Record<EvaluatedStep["op"], ChangeKind>> = {
  create: "create",
  update: "update",
  replace: "replace",
  delete: "delete",
  read: "read",
  import: "import",
  discard: "forget",
};

export function compareStack(at: {
  stack: string;
  former: State[];
  now: State[];
  steps: EvaluatedStep[];
}): ComparedStack {
  const former = byUrn(at.former);
  const now = byUrn(at.now);
  const resources = at.steps.flatMap((step): ComparedResource[] => {
    const { urn, formerUrn = urn, op, keys, detailedDiff } = step;
    const [old, fresh] = [former.get(formerUrn), op === "delete" || op === "discard" ? undefined : now.get(urn)];
    const state = fresh ?? old;
    if (!state?.custom || isProviderType(state.type)) return [];
    const kind = kindOfOp[op] ?? kindOfSame(old, fresh);
    return [{ urn, type: state.type, name: parseUrn(urn).name, kind, former: old, now: fresh, keys, detailedDiff }];
  });
  return {
    stack: at.stack,
    resources: resources.toSorted((one, other) => compareTexts(one.urn, other.urn)),
    outputs: { former: outputsIn(at.former), now: outputsIn(at.now) },
  };
}

function kindOfSame(old: State | undefined, fresh: State | undefined): ComparedResource["kind"] {
  if (old === undefined || fresh === undefined) return "same";
  if (old.urn !== fresh.urn) return "rename";
  return Boolean(old.protect) === Boolean(fresh.protect) ? "same" : "options";
}

const byUrn = (states: State[]): Map<string, State> => new Map(states.map((state) => [state.urn, state]));

const outputsIn = (states: State[]): PropertyMap => states.find(({ type }) => type === ROOT_STACK_TYPE)?.outputs ?? {};

/** Sorts by code units, the same on every machine. */
export const compareTexts = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** An input that is known and no secret. */
export function inputOf(state: State | undefined, name: string): PropertyValue | undefined {
  const value = state?.inputs?.[name];
  return value === undefined || containsSecrets(value) || containsUnknowns(value) ? undefined : value;
}

export const textOf = (state: State | undefined, name: string): string | undefined => {
  const value = inputOf(state, name);
  return typeof value === "string" ? value : undefined;
};

/** Who refuses to let it go: Pulumi, what a program protects, and AWS, what is protected from deletion there. */
export function refusedBy({ kind, former, now }: ComparedResource): "Pulumi" | "AWS" | undefined {
  if (kind !== "delete" && kind !== "forget" && kind !== "replace") return undefined;
  // One update may take the protection off and replace.
  if (former?.protect === true && (kind !== "replace" || now?.protect === true)) return "Pulumi";
  return kind !== "forget" && inputOf(former, "deletionProtectionEnabled") === true ? "AWS" : undefined;
}

/** The name as a person would call it: `Queue events`. */
export const kindNameOf = (type: string): string => type.slice(type.lastIndexOf(":") + 1);
