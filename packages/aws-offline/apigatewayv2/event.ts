import { isUtf8 } from "node:buffer";
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { decode, type Match, type ServedStage } from "./routing.ts";

/** What is known of a request before anything answers it; the access log reads it, too. */
export interface GatewayRequest {
  requestId: string;
  startedAt: Date;
  method: string;
  /** The path as it was sent, percent-encoded. */
  path: string;
  query: string;
  protocol: string;
  sourceIp: string;
  userAgent: string;
  host: string;
  headers: Record<string, string>;
  cookies: string[] | undefined;
}

export function toGatewayRequest(message: IncomingMessage): GatewayRequest {
  const [path, query] = splitOnce(message.url ?? "/", "?");
  const headers = joinHeaders(message.rawHeaders);
  const { cookie, ...rest } = headers;
  const sourceIp = message.socket.remoteAddress ?? "127.0.0.1";
  return {
    // AWS forms it so: fifteen characters and an equals sign.
    requestId: `${randomBytes(11).toString("base64url").slice(0, 15)}=`,
    startedAt: new Date(),
    method: message.method ?? "GET",
    path,
    query,
    protocol: `HTTP/${message.httpVersion}`,
    sourceIp,
    userAgent: headers["user-agent"] ?? "",
    host: headers["host"] ?? "localhost",
    headers: {
      ...rest,
      "x-amzn-trace-id": `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString("hex")}`,
      "x-forwarded-for": headers["x-forwarded-for"] ? `${headers["x-forwarded-for"]}, ${sourceIp}` : sourceIp,
      "x-forwarded-port": "443",
      "x-forwarded-proto": "https",
    },
    cookies: cookie?.split(/[;,] */).filter(Boolean),
  };
}

/** Names in lower case, several values of one name joined by a comma. */
function joinHeaders(raw: string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? "").toLowerCase();
    const value = raw[index + 1] ?? "";
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
  }
  return headers;
}

/** The event of payload format 2.0 as JSON text. Its `rawPath` is decoded, as HTTP APIs do in spite of the name. */
export function toEvent(
  request: GatewayRequest,
  at: { apiId: string; accountId: string; stage: ServedStage; match: Match; path: string },
  body: Buffer,
): string {
  const { stage, match } = at;
  const domainName = request.host.replace(/:\d+$/, "");
  const isBase64Encoded = body.length > 0 && !isText(request.headers, body);
  return JSON.stringify({
    version: "2.0",
    routeKey: match.route.routeKey,
    rawPath: at.path,
    rawQueryString: request.query,
    cookies: request.cookies,
    headers: request.headers,
    queryStringParameters: toParameters(request.query),
    requestContext: {
      accountId: at.accountId,
      apiId: at.apiId,
      domainName,
      domainPrefix: domainName.split(".")[0],
      http: {
        method: request.method,
        path: at.path,
        protocol: request.protocol,
        sourceIp: request.sourceIp,
        userAgent: request.userAgent,
      },
      requestId: request.requestId,
      routeKey: match.route.routeKey,
      stage: stage.name,
      time: toLogTime(request.startedAt),
      timeEpoch: request.startedAt.getTime(),
    },
    pathParameters: match.parameters,
    stageVariables: stage.variables,
    body: body.length === 0 ? undefined : body.toString(isBase64Encoded ? "base64" : "utf8"),
    isBase64Encoded,
  });
}

/** A body goes through as text when its content type says text and nothing is packed. */
function isText(headers: Record<string, string>, body: Buffer): boolean {
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") return false;
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type === undefined) return isUtf8(body);
  return /^(text\/.+|application\/(json|javascript|xml|.+\+json|.+\+xml))$/.test(type);
}

function toParameters(query: string): Record<string, string> | undefined {
  if (query === "") return undefined;
  const parameters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query))
    parameters[name] = Object.hasOwn(parameters, name) ? `${parameters[name]},${value}` : value;
  return parameters;
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** `12/Mar/2020:19:03:58 +0000` */
export function toLogTime(time: Date): string {
  const [date = "", clock = ""] = time.toISOString().split("T");
  const [year, month, day] = date.split("-");
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${clock.slice(0, 8)} +0000`;
}

export function toPath(request: GatewayRequest): string {
  return decode(request.path);
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
