/** Finds a resource's former self, under its URN or one that it had before. */
import type { Alias, Urn } from "../../contracts/contracts.ts";
import type { Deployment } from "../deployment.ts";
import type { Plan } from "./plan.ts";
import type { Held } from "../resource-state.ts";
import { isRootStack, makeUrn, parseUrn } from "../../values/urn.ts";

interface Named {
  name: string;
  type: string;
  parent?: Urn;
  aliases: Alias[];
}

export interface FormerSelf {
  old?: Held;
  /** The former URN, where it is another one. */
  alias?: Urn;
  /** Two resources claim the same past; that was reported. */
  conflict: boolean;
}

export function findFormerSelf(deployment: Deployment, plan: Plan, urn: Urn, named: Named): FormerSelf {
  const { reporter, olds, providers } = deployment;
  let conflict = false;
  const claimed = plan.aliased.get(urn);
  if (claimed !== undefined) {
    conflict = true;
    reporter.error(`Duplicate resource URN '${urn}' conflicting with alias on resource with URN '${claimed}'`, urn);
  }
  const present = olds.get(urn);
  if (present) return { old: present, conflict };
  for (const alias of possibleUrns(deployment, plan, named)) {
    const old = olds.get(alias);
    if (!old || alias === urn) continue;
    const other = plan.urns.has(alias) ? urn : plan.aliased.get(alias);
    if (other !== undefined) {
      conflict = true;
      const pair = `applied to resource with URN '${urn}' conflicting with resource with URN '${other}'`;
      reporter.error(`Duplicate resource alias '${alias}' ${pair}`, urn);
    }
    plan.aliased.set(alias, urn);
    plan.aliasOf.set(urn, alias);
    providers.alias(urn, alias);
    return { old, alias, conflict };
  }
  return { conflict };
}

/** The resource's own aliases, and those that follow from its parent's. */
function possibleUrns(deployment: Deployment, plan: Plan, named: Named): Set<Urn> {
  const own = named.aliases.map((alias) => urnOfAlias(deployment, plan, named, alias));
  const parentAlias = named.parent && plan.aliasOf.get(named.parent);
  if (!named.parent || !parentAlias) return new Set(own);
  const inherit = (type: string, name: string): Urn =>
    inheritedUrn(deployment, parseUrn(named.parent as Urn).name, parentAlias, type, name);
  const inherited = own.map((urn) => inherit(parseUrn(urn).type, parseUrn(urn).name));
  return new Set([...own, inherit(named.type, named.name), ...inherited]);
}

function urnOfAlias({ operation }: Deployment, plan: Plan, named: Named, alias: Alias): Urn {
  if (alias.urn) return alias.urn;
  let parent = alias.parentUrn ? (plan.aliasOf.get(alias.parentUrn) ?? alias.parentUrn) : named.parent;
  if (alias.noParent || (parent && isRootStack(parent))) parent = undefined;
  return makeUrn({
    stack: alias.stack || operation.stack,
    project: alias.project || operation.project,
    parent,
    type: alias.type || named.type,
    name: alias.name || named.name,
  });
}

/** A child named after its parent (`parent-detail`) was named after the parent's former name before. */
function inheritedUrn(
  { operation: { stack, project } }: Deployment,
  parentName: string,
  parentAlias: Urn,
  type: string,
  name: string,
): Urn {
  const formerName = parseUrn(parentAlias).name;
  const childName = name.startsWith(parentName) ? formerName + name.slice(parentName.length) : name;
  return makeUrn({ stack, project, parent: parentAlias, type, name: childName });
}
