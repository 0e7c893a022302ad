import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { SignedRequest } from "./signature.ts";

const unzip = promisify(gunzip);

/** The text of a body; clients pack what is long, and sign what they have packed. */
export async function unpack({ headers, body }: Pick<SignedRequest, "headers" | "body">): Promise<string> {
  return String(headers["content-encoding"] === "gzip" ? await unzip(body) : body);
}
