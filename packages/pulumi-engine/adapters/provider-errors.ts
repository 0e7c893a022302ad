/** What the errors of a provider mean. */
import grpc from "@grpc/grpc-js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import { StatusUnknown } from "../contracts/contracts.ts";
import { isServiceError } from "./grpc.ts";

/** Undefined for a method that the provider does not have; dynamic providers of old answer INTERNAL there. */
export async function orUnimplemented<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isServiceError(error) && [grpc.status.UNIMPLEMENTED, grpc.status.INTERNAL].includes(error.code))
      return undefined;
    throw isServiceError(error) ? toCoreError(error) : error;
  }
}

/** After these, nobody knows whether the provider did what it was asked. */
const INDETERMINATE: ReadonlySet<grpc.status> = new Set([
  grpc.status.INTERNAL,
  grpc.status.DATA_LOSS,
  grpc.status.UNKNOWN,
]);

export function toCoreError(error: grpc.ServiceError): Error {
  return INDETERMINATE.has(error.code)
    ? new StatusUnknown(error.details, { cause: error })
    : new Error(error.details, { cause: error });
}

/** The details of a gRPC error are a message of their own in its metadata. */
function detailsOf(error: grpc.ServiceError): { typeName: string; bytes: Uint8Array }[] {
  return error.metadata.get("grpc-status-details-bin").flatMap((value) => {
    const status = statuses.Status.deserializeBinary(typeof value === "string" ? Buffer.from(value, "base64") : value);
    return status.getDetailsList().map((any) => ({ typeName: any.getTypeName(), bytes: any.getValue_asU8() }));
  });
}

export function initializationFailure(error: grpc.ServiceError): messages.ErrorResourceInitFailed | undefined {
  const detail = detailsOf(error).find(({ typeName }) => typeName === "pulumirpc.ErrorResourceInitFailed");
  return detail && messages.ErrorResourceInitFailed.deserializeBinary(detail.bytes);
}

export function toConfigureError(error: unknown): never {
  if (!isServiceError(error)) throw error;
  const detail = detailsOf(error).find(({ typeName }) => typeName === "pulumirpc.ConfigureErrorMissingKeys");
  const keys = detail ? messages.ConfigureErrorMissingKeys.deserializeBinary(detail.bytes).getMissingkeysList() : [];
  if (keys.length === 0) throw toCoreError(error);
  const lines = keys.map(
    (key) =>
      `missing required configuration key "${key.getName()}": ${key.getDescription()}\nSet a value using the command \`pulumi config set ${key.getName()} <value>\`.`,
  );
  throw new Error(lines.join("\n"), { cause: error });
}
