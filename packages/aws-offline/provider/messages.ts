/** Between the protocol's messages and plain values. */
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import type { Difference } from "@pulumi-line-bot/aws-resources/compare";
import type { Diff } from "@pulumi-line-bot/aws-resources/diff";
import type { Autonaming } from "@pulumi-line-bot/aws-resources/naming";
import { tryFindSchema } from "@pulumi-line-bot/aws-resources/schema";
import { fromStruct } from "./wire.ts";

const MODES = ["propose", "enforce", "disable"] as const;
const { DIFF_SOME, DIFF_NONE } = messages.DiffResponse.DiffChanges;

export function toDiffResponse(diff: Diff): messages.DiffResponse {
  const response = new messages.DiffResponse();
  response.setChanges(diff.changed.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setDiffsList(diff.changed);
  response.setReplacesList(diff.replaces);
  response.setStablesList(diff.stables);
  response.setDeletebeforereplace(diff.deleteBeforeReplace);
  response.setHasdetaileddiff(true);
  for (const difference of diff.differences)
    response.getDetaileddiffMap().set(difference.path, toPropertyDiff(difference));
  return response;
}

export function toNamed(request: { getUrn(): string }): { token: string; name: string } {
  // urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>; a name may hold "::" itself.
  const [, , types = "", ...name] = request.getUrn().split("::");
  return { token: types.split("$").at(-1) ?? "", name: name.join("::") };
}

export function toFailure({ property, reason }: { property: string; reason: string }): messages.CheckFailure {
  const failure = new messages.CheckFailure();
  failure.setProperty(property);
  failure.setReason(reason);
  return failure;
}

export function toAutonaming(request: messages.CheckRequest): Autonaming | undefined {
  const options = request.getAutonaming();
  return options && { mode: MODES[options.getMode()] ?? "propose", proposedName: options.getProposedName() };
}

function toPropertyDiff({ kind, replaces }: Difference): messages.PropertyDiff {
  const { ADD, ADD_REPLACE, DELETE, DELETE_REPLACE, UPDATE, UPDATE_REPLACE } = messages.PropertyDiff.Kind;
  const kinds = { add: [ADD, ADD_REPLACE], delete: [DELETE, DELETE_REPLACE], update: [UPDATE, UPDATE_REPLACE] };
  const difference = new messages.PropertyDiff();
  difference.setKind((replaces ? kinds[kind][1] : kinds[kind][0]) as messages.PropertyDiff.Kind);
  return difference;
}

/** Another region means other resources; all else is an update of the provider. */
export function toConfigDiff(request: messages.DiffRequest): messages.DiffResponse {
  const [olds, news] = [fromStruct(request.getOldInputs() ?? request.getOlds()), fromStruct(request.getNews())];
  const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])]
    .filter((name) => JSON.stringify(olds[name]) !== JSON.stringify(news[name]))
    .sort();
  const response = new messages.DiffResponse();
  response.setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setDiffsList(changed);
  return response;
}

/** The inputs that a refresh sets: what the program gave, as the service has it now; after an import, all there is. */
export function readInputs(
  token: string,
  inputs: Record<string, unknown>,
  attributes: Record<string, unknown>,
): Record<string, unknown> {
  const fields = tryFindSchema(token)?.inputs ?? {};
  const isImport = Object.keys(inputs).length === 0;
  const names = isImport ? Object.keys(fields).filter((name) => attributes[name] !== undefined) : Object.keys(inputs);
  const found = names.map((name) => [name, name in fields && name in attributes ? attributes[name] : inputs[name]]);
  return { __defaults: [], ...Object.fromEntries(found) };
}
