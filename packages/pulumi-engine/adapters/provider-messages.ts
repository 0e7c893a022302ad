/** Messages of `pulumirpc.ResourceProvider`, to and from what the core has. */
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import type {
  Autonaming,
  CheckFailure,
  DiffResult,
  PropertyDiffKind,
  PropertyMap,
  Urn,
} from "../contracts/contracts.ts";
import { withoutMarks } from "../values/properties.ts";
import { packageOfProvider, parseUrn } from "../values/urn.ts";
import { entriesOf, toStruct } from "./grpc.ts";
import { forProvider } from "./provider-marshal.ts";

export function identify(
  request: { setUrn(urn: string): unknown; setName(name: string): unknown; setType(type: string): unknown },
  urn: Urn,
): void {
  const { name, type } = parseUrn(urn);
  request.setUrn(urn);
  request.setName(name);
  request.setType(type);
}

const { Mode } = messages.CheckRequest.AutonamingOptions;
const MODES = { propose: Mode.PROPOSE, enforce: Mode.ENFORCE, disable: Mode.DISABLE };

export function toAutonamingOptions({ mode, proposedName }: Autonaming): messages.CheckRequest.AutonamingOptions {
  const options = new messages.CheckRequest.AutonamingOptions();
  options.setMode(MODES[mode]);
  options.setProposedName(proposedName);
  return options;
}

export function configureRequest(urn: Urn, inputs: PropertyMap): messages.ConfigureRequest {
  const { name, type } = parseUrn(urn);
  const request = new messages.ConfigureRequest();
  request.setUrn(urn);
  request.setName(name);
  request.setType(type);
  request.setAcceptsecrets(true);
  request.setAcceptresources(true);
  request.setSendsOldInputs(true);
  request.setSendsOldInputsToDelete(true);
  request.setArgs(toStruct(forProvider(inputs, { acceptsSecrets: true, acceptsResources: true })));
  // Older providers read their configuration under its old names, as text.
  const variables = request.getVariablesMap();
  for (const [key, value] of Object.entries(withoutMarks(inputs)))
    if (key !== "version")
      variables.set(
        `${packageOfProvider(type)}:config:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      );
  return request;
}

export const failuresOf = (response: { getFailuresList(): messages.CheckFailure[] }): CheckFailure[] =>
  response.getFailuresList().map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));

const { Kind } = messages.PropertyDiff;
const KINDS = new Map<number, PropertyDiffKind>([
  [Kind.ADD, "add"],
  [Kind.ADD_REPLACE, "add-replace"],
  [Kind.DELETE, "delete"],
  [Kind.DELETE_REPLACE, "delete-replace"],
  [Kind.UPDATE, "update"],
  [Kind.UPDATE_REPLACE, "update-replace"],
]);

export function toDiffResult(response: messages.DiffResponse): DiffResult {
  const { DiffChanges } = messages.DiffResponse;
  const changes = new Map<number, boolean>([
    [DiffChanges.DIFF_NONE, false],
    [DiffChanges.DIFF_SOME, true],
  ]).get(response.getChanges());
  const detailed = entriesOf(response.getDetaileddiffMap()).map(
    ([path, diff]) => [path, { kind: KINDS.get(diff.getKind()) ?? "update", inputDiff: diff.getInputdiff() }] as const,
  );
  return {
    ...(changes === undefined ? {} : { changes }),
    replaces: response.getReplacesList(),
    stables: response.getStablesList(),
    deleteBeforeReplace: response.getDeletebeforereplace(),
    diffs: response.getDiffsList(),
    ...(response.getHasdetaileddiff() ? { detailedDiff: Object.fromEntries(detailed) } : {}),
  };
}
