import { createHmac, hash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { AwsV4Signer } from "aws4fetch";
import { ServiceError } from "../errors.ts";
import { REGIONS } from "@pulumi-line-bot/aws-resources/regions";
import type { AccessKeys, IssuedKey } from "../sts/access-keys.ts";
import type { Caller } from "../sts/identity.ts";

/** A request as it was sent. */
export interface SignedRequest {
  method: string;
  /** Path and query. */
  target: string;
  headers: IncomingHttpHeaders;
  /** Not unpacked. */
  body: Buffer;
}

/** What a signature proves: who calls, in which region. */
export interface Signed {
  caller: Caller;
  region: string;
}

/** The code of a refusal in the query protocol, by the code in the others. */
const queryCodes = {
  MissingAuthenticationTokenException: "MissingAuthenticationToken",
  IncompleteSignatureException: "IncompleteSignature",
  UnrecognizedClientException: "InvalidClientTokenId",
  InvalidSignatureException: "SignatureDoesNotMatch",
};

/** What AWS answers before any service is asked. */
export class SignatureError extends ServiceError {
  readonly queryCode: string;
  constructor(code: keyof typeof queryCodes, message: string) {
    super(code, message);
    this.queryCode = queryCodes[code];
  }
}

/**
 * Signs a request again by Signature Version 4 and compares. Checks come in AWS's order: the form, the date, what the
 * signature covers, the scope, the key, the signature, the session.
 * @param service the name that the scope has to have; `undefined` where the request is for no service that is known
 * @throws {SignatureError}
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export async function verifySignature(
  request: SignedRequest,
  service: string | undefined,
  keys: AccessKeys,
): Promise<Signed> {
  const { headers } = request;
  const { accessKeyId, scope, names, signature } = parseAuthorization(request);
  const date = parseDate(headers, Date.now());
  requireCovered(headers, names);
  requireScope(scope, date, service);
  const key = keys.tryFind(accessKeyId);
  if (!key) throw new SignatureError("UnrecognizedClientException", unknownKey);
  if (!isSame(signature, await signAgain(request, { date, names, scope, key })))
    throw new SignatureError("InvalidSignatureException", mismatch);
  if (!isSame(String(headers["x-amz-security-token"] ?? ""), key.sessionToken ?? ""))
    throw new SignatureError("UnrecognizedClientException", unknownKey);
  return { caller: key.caller, region: scope.region };
}

const unknownKey = "The security token included in the request is invalid.";
const mismatch =
  "The request signature we calculated does not match the signature you provided. " +
  "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

interface Scope {
  day: string;
  region: string;
  service: string;
  end: string;
}

interface Authorization {
  accessKeyId: string;
  scope: Scope;
  /** Headers that the signature covers. */
  names: string[];
  signature: string;
}

function parseAuthorization({ headers: { authorization = "" }, target }: SignedRequest): Authorization {
  const [algorithm = "", ...rest] = authorization.split(/[\s,]+/);
  if (!algorithm.startsWith("AWS4-")) {
    const hint = target.includes("X-Amz-Algorithm=") ? ": presigned requests are not simulated by the local AWS" : "";
    throw new SignatureError("MissingAuthenticationTokenException", `Missing Authentication Token${hint}`);
  }
  const given = new Map(rest.map((pair) => toPair(pair)));
  const missing = ["Credential", "Signature", "SignedHeaders"].filter((name) => !given.get(name));
  if (missing.length > 0)
    incomplete(missing.map((name) => `Authorization header requires '${name}' parameter.`).join(" "));
  if (algorithm !== "AWS4-HMAC-SHA256")
    incomplete(`Unsupported AWS 'algorithm': '${algorithm}' (only AWS4-HMAC-SHA256 for now).`);
  const credential = given.get("Credential") ?? "";
  const [accessKeyId = "", day = "", region = "", service = "", end, ...more] = credential.split("/");
  if (end === undefined || more.length > 0)
    incomplete(`Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.`);
  return {
    accessKeyId,
    scope: { day, region, service, end },
    names: (given.get("SignedHeaders") ?? "").split(";"),
    signature: given.get("Signature") ?? "",
  };
}

function toPair(pair: string): [string, string] {
  const at = pair.indexOf("=");
  return [pair.slice(0, at), pair.slice(at + 1)];
}

function incomplete(message: string): never {
  throw new SignatureError("IncompleteSignatureException", message);
}

const toleranceMs = 15 * 60_000;

/** The request's date as it was written, if that is now. */
function parseDate({ "x-amz-date": date }: IncomingHttpHeaders, nowMs: number): string {
  if (typeof date !== "string") incomplete("Authorization header requires existence of a 'X-Amz-Date' header.");
  const ms = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (!/^\d{8}T\d{6}Z$/.test(date) || Number.isNaN(ms))
    incomplete(`Date must be in ISO-8601 'basic format'. Got '${date}'. See http://en.wikipedia.org/wiki/ISO_8601`);
  if (ms < nowMs - toleranceMs)
    invalid(
      `Signature expired: ${date} is now earlier than ${toBasicFormat(nowMs - toleranceMs)} (${toBasicFormat(nowMs)} - 15 min.)`,
    );
  if (ms > nowMs + toleranceMs)
    invalid(
      `Signature not yet current: ${date} is still later than ${toBasicFormat(nowMs + toleranceMs)} (${toBasicFormat(nowMs)} + 15 min.)`,
    );
  return date;
}

const toBasicFormat = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, "");

function invalid(message: string): never {
  throw new SignatureError("InvalidSignatureException", message);
}

/** AWS wants a signature to cover the host and all of its own headers. */
function requireCovered(headers: IncomingHttpHeaders, names: string[]): void {
  const needed = ["host", ...Object.keys(headers).filter((name) => name.startsWith("x-amz-"))];
  const open = needed.find((name) => !names.includes(name));
  if (open === undefined) return;
  invalid(`'${open === "host" ? "Host" : open}' must be a 'SignedHeader' in the AWS Authorization.`);
}

function requireScope({ day, region, service, end }: Scope, date: string, wanted = service): void {
  const faults: [boolean, string][] = [
    [!Object.hasOwn(REGIONS, region), `Credential should be scoped to a valid region, not '${region}'.`],
    [service !== wanted, `Credential should be scoped to correct service: '${wanted}'.`],
    [end !== "aws4_request", `Credential should be scoped with a valid terminator: 'aws4_request', not '${end}'.`],
    [
      !date.startsWith(`${day}T`),
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${day}' != '${date.slice(0, 8)}', from '${date}'.`,
    ],
  ];
  const found = faults.filter(([isFault]) => isFault).map(([, message]) => message);
  if (found.length > 0) invalid(found.join(" "));
}

interface SignedAs {
  date: string;
  names: string[];
  scope: Scope;
  key: IssuedKey;
}

/** The signature that the request has to have; `undefined` where its body is not the one that its headers name. */
async function signAgain(
  { method, target, headers, body }: SignedRequest,
  { date, names, scope: { region, service }, key }: SignedAs,
): Promise<string | undefined> {
  const named = headers["x-amz-content-sha256"];
  if (named !== undefined && named !== sha256(body)) return undefined;
  const covered = names.filter((name) => name !== "host" && Object.hasOwn(headers, name));
  const signer = new AwsV4Signer({
    method,
    url: `http://${headers.host}${target}`,
    headers: covered.map((name): [string, string] => [name, String(headers[name])]),
    allHeaders: true,
    body,
    datetime: date,
    region,
    service,
    // Its token is among the headers already.
    accessKeyId: key.accessKeyId,
    secretAccessKey: key.secretAccessKey,
  });
  // The library does the rest with Web Crypto, and takes three times as long for it all.
  const { credentialString } = signer;
  const text = `AWS4-HMAC-SHA256\n${date}\n${credentialString}\n${sha256(await signer.canonicalString())}`;
  return hmac(signingKeyOf(key, credentialString), text).toString("hex");
}

/** Derived from the secret for a day, a region and a service, and kept. */
function signingKeyOf({ secretAccessKey, signingKeys }: IssuedKey, scope: string): Buffer {
  const known = signingKeys.get(scope);
  if (known) return known;
  const key = scope.split("/").reduce<Buffer>(hmac, Buffer.from(`AWS4${secretAccessKey}`));
  signingKeys.set(scope, key);
  return key;
}

const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const sha256 = (content: Buffer | string): string => hash("sha256", content);

/** Compares in a time that says nothing of where two texts differ. */
function isSame(one: string, other: string | undefined): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other ?? "")];
  return other !== undefined && a.length === b.length && timingSafeEqual(a, b);
}
