/** What a program's SDK gets, in the form that it understands. */
import grpc from "@grpc/grpc-js";
import messages from "@pulumi/pulumi/proto/resource_pb.js";
import { messageOf } from "@pulumi-line-bot/kit/message-of";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { MonitorClosed, type PropertyMap, type RegisterResource } from "../contracts/contracts.ts";
import { isSecret, kindOf, mapProperties, outputDependencies, SIGNATURE, SIGNATURES } from "../values/properties.ts";
import { isServiceError } from "./grpc.ts";

/** What this engine can do, by the names that older SDKs ask for and the numbers of newer ones. */
export const FEATURES: Record<string, messages.ResourceMonitorFeature> = {
  secrets: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_SECRETS,
  resourceReferences: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  outputValues: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
  aliasSpecs: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  replacementTrigger: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
  deletedWith: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
  replaceWith: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
  transforms: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
  invokeTransforms: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
  parameterization: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
  resourceHooks: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
  errorHooks: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
  sendsOptionsToHooks: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_SENDS_OPTIONS_TO_HOOKS,
  invokeDependsOn: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_INVOKE_DEPENDS_ON,
  invokeParent: messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_INVOKE_PARENT,
};

/** Leaves out what was not given. */
export function givenOf<T extends Record<string, string>>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== "")) as Partial<T>;
}

/** In the form that the program's SDK understands. */
export function accepted(
  map: PropertyMap,
  request: { getAcceptsecrets?: () => boolean; getAcceptresources: () => boolean },
): PropertyMap {
  const keepsSecrets = request.getAcceptsecrets?.() ?? true;
  const keepsReferences = request.getAcceptresources();
  if (keepsSecrets && keepsReferences) return map;
  return mapProperties(map, (value) => {
    if (!keepsSecrets && isSecret(value)) return value["value"] ?? null;
    if (keepsReferences || kindOf(value) !== "resource") return value;
    const reference = value as PropertyMap;
    return reference["id"] ?? reference["urn"] ?? null;
  });
}

/** Transforms see what each property depends on; where the value does not say so itself, the request does. */
export function withDependencies(inputs: PropertyMap, registration: RegisterResource): PropertyMap {
  const named = Object.keys(registration.propertyDependencies).length > 0;
  const entries = Object.entries(inputs).map(([key, value]) => {
    const dependencies = named ? (registration.propertyDependencies[key] ?? []) : registration.dependencies;
    const known = outputDependencies(value);
    if (dependencies.every((urn) => known.has(urn))) return [key, value] as const;
    const output = kindOf(value) === "output" ? (value as PropertyMap) : { [SIGNATURE]: SIGNATURES.output, value };
    return [key, { ...output, dependencies: [...new Set([...known, ...dependencies])] }] as const;
  });
  return Object.fromEntries(entries);
}

/** A program takes UNAVAILABLE as the end of its engine, and stops without a message of its own. */
export function toStatus(error: unknown): Partial<grpc.StatusObject> {
  if (error instanceof MonitorClosed) return { code: grpc.status.UNAVAILABLE, details: "resource monitor shut down" };
  const details = isServiceError(error) ? error.details : messageOf(error);
  return { code: error instanceof UserError ? grpc.status.FAILED_PRECONDITION : grpc.status.UNKNOWN, details };
}
