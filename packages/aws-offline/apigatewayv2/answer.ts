import type { InvocationResult } from "../lambda/functions.ts";
import { isObject } from "@pulumi-line-bot/kit/json";

/** What goes back to the client, and what the access log says about the way there. */
export interface Answer {
  status: number;
  headers: [string, string][];
  body: Buffer;
  integrationError?: string;
}

const REFUSALS = {
  403: "Forbidden",
  404: "Not Found",
  413: "Request Entity Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
} as const;

/** An answer of the gateway's own. */
export function refuse(status: keyof typeof REFUSALS, integrationError?: string): Answer {
  return {
    status,
    headers: [["content-type", "application/json"]],
    body: Buffer.from(JSON.stringify({ message: REFUSALS[status] })),
    ...(integrationError !== undefined && { integrationError }),
  };
}

/** Format 2.0: an object with `statusCode` is the whole answer; anything else is the body of a 200. */
export function toAnswer(result: InvocationResult): Answer {
  if (result.functionError) return refuse(500, "The Lambda function returned an error");
  const value = JSON.parse(result.payload) as unknown;
  if (!isObject(value) || value["statusCode"] === undefined) {
    const text = typeof value === "string" ? value : result.payload;
    return { status: 200, headers: [["content-type", "application/json"]], body: Buffer.from(text) };
  }
  const status = Number(value["statusCode"]);
  const { headers = {}, cookies = [], body = "", isBase64Encoded } = value;
  if (
    !Number.isInteger(status) ||
    status < 100 ||
    status > 599 ||
    !isHeaders(headers) ||
    !isStrings(cookies) ||
    !isBody(body)
  )
    return refuse(500, "The response from the Lambda function doesn't match the format that API Gateway expects");
  const pairs = Object.entries(headers ?? {}).map(([name, text]): [string, string] => [
    name.toLowerCase(),
    String(text),
  ]);
  if (!pairs.some(([name]) => name === "content-type")) pairs.push(["content-type", "text/plain;charset=utf-8"]);
  for (const cookie of cookies) pairs.push(["set-cookie", cookie]);
  const text = typeof body === "object" ? JSON.stringify(body) : String(body);
  return {
    status,
    headers: pairs.filter(([name]) => !["connection", "content-length", "transfer-encoding"].includes(name)),
    body: Buffer.from(body === null ? "" : text, isBase64Encoded === true ? "base64" : "utf8"),
  };
}

function isHeaders(value: unknown): value is Record<string, string | number | boolean> | null {
  return value === null || (isObject(value) && Object.values(value).every((member) => typeof member !== "object"));
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((member) => typeof member === "string");
}

function isBody(value: unknown): value is string | number | boolean | null {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}
