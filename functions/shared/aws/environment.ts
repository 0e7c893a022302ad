import { isLoopback } from "../../../line/api-url.ts";
import type { AwsKeys } from "./sign-request.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws {Error} naming the variable that is not set. */
export function requireVariable(env: Environment, name: string): string {
  const value = env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set`);
  return value;
}

/** The keys of the function's role, as Lambda puts them there. They last as long as the process. */
export function readKeys(env: Environment): AwsKeys {
  return {
    accessKeyId: requireVariable(env, "AWS_ACCESS_KEY_ID"),
    secretAccessKey: requireVariable(env, "AWS_SECRET_ACCESS_KEY"),
    sessionToken: env["AWS_SESSION_TOKEN"],
  };
}

/**
 * Where a service is: AWS's own variables for another endpoint come first. What is sent there travels over TLS, or
 * stays on this machine.
 * @param service as in its host's name
 */
export function findEndpoint(service: string, env: Environment): URL {
  const region = requireVariable(env, "AWS_REGION");
  const url = env[`AWS_ENDPOINT_URL_${endpointVariables[service] ?? service.toUpperCase()}`] ?? env["AWS_ENDPOINT_URL"];
  if (url === undefined) return new URL(`https://${service}.${region}.${dnsSuffix(region)}`);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "https:" || (parsed?.protocol === "http:" && isLoopback(parsed))) return parsed;
  throw new Error(`The endpoint ${JSON.stringify(url)} is neither https:// nor on localhost`);
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html */
const endpointVariables: Readonly<Record<string, string>> = { secretsmanager: "SECRETS_MANAGER" };

/** AWS's partitions have domains of their own. */
function dnsSuffix(region: string): string {
  if (region.startsWith("cn-")) return "amazonaws.com.cn";
  if (region.startsWith("eusc-")) return "amazonaws.eu";
  return "amazonaws.com";
}
