import { randomUUID } from "node:crypto";
import { isValiError } from "valibot";
import type { Cloud } from "../cloud.ts";
import { ServiceError } from "../errors.ts";
import { authorize, type Caller } from "../sts/identity.ts";
import type { EndpointAnswer } from "./json-protocol.ts";
import { SignatureError, verifySignature, type SignedRequest } from "./signature.ts";

/** A service that speaks the query protocol: a form in, XML out. */
export interface QueryService {
  /** What its actions in policies begin with. */
  prefix: string;
  namespace: string;
  operations: Record<string, (input: Record<string, string>, cloud: Cloud, caller: Caller) => XmlMembers>;
  /** The ARN that policies name for what an input is about; undefined where no right is needed. */
  resourceOf: (input: Record<string, string>) => string | undefined;
}

/** Members by name; those that are undefined are left out. A list has its items in elements called `member`. */
export interface XmlMembers {
  [name: string]: string | XmlMembers | XmlMembers[] | undefined;
}

export async function answerQuery(
  { prefix, namespace, operations, resourceOf }: QueryService,
  { request, form }: { request: SignedRequest; form: URLSearchParams },
  cloud: Cloud,
): Promise<EndpointAnswer> {
  const input = Object.fromEntries(form);
  const action = input["Action"] ?? "";
  const metadata = { ResponseMetadata: { RequestId: randomUUID() } };
  try {
    const { caller } = await verifySignature(request, prefix, cloud.accessKeys);
    const operation = Object.hasOwn(operations, action) ? operations[action] : undefined;
    if (!operation)
      throw new ServiceError("UnknownOperation", `${prefix} ${action} is not simulated by the local AWS`, 501);
    const resource = resourceOf(input);
    if (resource !== undefined) authorize(cloud, caller, `${prefix}:${action}`, resource);
    const result = { [`${action}Result`]: operation(input, cloud, caller), ...metadata };
    return answer(200, `<${action}Response xmlns="${namespace}">${toXml(result)}</${action}Response>`);
  } catch (error) {
    const { code, message, status } = toServiceError(error);
    const fault = { Error: { Type: status < 500 ? "Sender" : "Receiver", Code: code, Message: message } };
    const { RequestId } = metadata.ResponseMetadata;
    return answer(status, `<ErrorResponse xmlns="${namespace}">${toXml({ ...fault, RequestId })}</ErrorResponse>`);
  }
}

function toServiceError(error: unknown): ServiceError {
  if (error instanceof SignatureError)
    return new ServiceError(error.queryCode, error.message, error.queryCode === "IncompleteSignature" ? 400 : 403);
  if (error instanceof ServiceError) {
    // The services of this protocol answer what is forbidden with another code and status than those of JSON.
    return error.code === "AccessDeniedException" ? new ServiceError("AuthorizationError", error.message, 403) : error;
  }
  if (!isValiError(error)) throw error;
  const [issue] = error.issues;
  return new ServiceError(
    "InvalidParameter",
    `Invalid parameter: ${issue.path?.map(({ key }) => String(key)).join(".")}`,
  );
}

function answer(status: number, xml: string): EndpointAnswer {
  return { status, headers: { "content-type": "text/xml" }, body: xml };
}

function toXml(members: XmlMembers): string {
  return Object.entries(members)
    .filter((entry): entry is [string, string | XmlMembers | XmlMembers[]] => entry[1] !== undefined)
    .map(([name, value]) => `<${name}>${toContent(value)}</${name}>`)
    .join("");
}

function toContent(value: string | XmlMembers | XmlMembers[]): string {
  if (typeof value === "string") return escape(value);
  return Array.isArray(value) ? value.map((item) => `<member>${toXml(item)}</member>`).join("") : toXml(value);
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escape(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
