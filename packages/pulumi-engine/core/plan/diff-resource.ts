/** A provider's opinion on a change, completed where it has none. */
import type { DiffResult, Provider, PropertyMap, ResourceState } from "../../contracts/contracts.ts";
import type { Deployment } from "../deployment.ts";
import { diffProperties, ignoreChanges } from "../../values/property-diff.ts";
import { withoutMarks } from "../../values/properties.ts";
import { inputsOf, outputsOf } from "../../values/state.ts";

export const CHANGED: DiffResult = { changes: true, replaces: [], stables: [], diffs: [] };
export const UNCHANGED: DiffResult = { changes: false, replaces: [], stables: [], diffs: [] };

export const replacedBecauseOf = (key: string): DiffResult => ({ ...CHANGED, replaces: [key] });

/** A provider that does not know whether anything changed leaves it to a comparison of the inputs. */
export async function diffResource(
  deployment: Deployment,
  provider: Provider,
  old: ResourceState,
  news: PropertyMap,
  ignored: string[],
): Promise<DiffResult> {
  const { urn, id = "" } = old;
  const [oldInputs, oldOutputs] = [inputsOf(old), outputsOf(old)];
  const diff = await provider.diff({ urn, id, oldInputs, oldOutputs, news, ignoreChanges: ignored });
  if (diff.changes !== undefined) return diff;
  const { inputs, invalid } = ignoreChanges(news, oldInputs, ignored);
  deployment.reportInvalidPaths(urn, invalid);
  const own = diffProperties(withoutMarks(oldInputs), withoutMarks(inputs));
  if (!own) return { ...diff, changes: false };
  return { ...diff, changes: true, diffs: own.changedKeys, detailedDiff: own.detailedDiff };
}
