import { createHash, createHmac, type BinaryLike } from "node:crypto";

export interface AwsKeys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

/** What a request says that its signature covers. The query is always empty, and the path needs no encoding. */
export interface PostRequest {
  url: URL;
  /** Names in lower case; the signature covers all of them. */
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** Gives the headers that a request has to carry to be AWS's kind of signed. */
export type SignRequest = (request: PostRequest, date: Date) => Record<string, string>;

/**
 * Signs POST requests with AWS Signature Version 4. The key of a day is kept, so a request costs two digests and one
 * HMAC, in one tick.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function createSignRequest(keys: AwsKeys, region: string, service: string): SignRequest {
  let known: { day: string; key: Buffer } | undefined;
  const keyOf = (day: string): Buffer => {
    if (known?.day !== day) known = { day, key: deriveKey(keys.secretAccessKey, [day, region, service]) };
    return known.key;
  };

  return ({ url, headers, body }, date) => {
    const time = date.toISOString().replace(/[-:]|\.\d+/g, "");
    const day = time.slice(0, 8);
    const added: Record<string, string> = { ...headers, "x-amz-date": time };
    if (keys.sessionToken !== undefined) added["x-amz-security-token"] = keys.sessionToken;

    const covered = Object.entries({ ...added, host: url.host }).sort(([one], [other]) => (one < other ? -1 : 1));
    const names = covered.map(([name]) => name).join(";");
    const lines = covered.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, " ")}\n`).join("");
    const canonical = ["POST", url.pathname, "", lines, names, sha256(body)].join("\n");

    const scope = `${day}/${region}/${service}/aws4_request`;
    const signature = hmac(keyOf(day), `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString("hex");
    const credential = `Credential=${keys.accessKeyId}/${scope}`;
    return {
      ...added,
      authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names}, Signature=${signature}`,
    };
  };
}

function deriveKey(secretAccessKey: string, scope: string[]): Buffer {
  return [...scope, "aws4_request"].reduce<Buffer>(hmac, Buffer.from(`AWS4${secretAccessKey}`));
}

function hmac(key: BinaryLike, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
