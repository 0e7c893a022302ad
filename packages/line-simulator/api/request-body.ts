import { LineError } from "../errors.ts";
import { validateBody } from "../openapi/validate.ts";
import type { Operation } from "../openapi/table.ts";

/** A request of more than 2 MB is refused. */
const maxBytes = 2 * 1024 * 1024;

/** The request's bytes. @throws {LineError} 413 beyond LINE's limit. */
export async function readBytes(request: Request): Promise<Uint8Array> {
  const tooLarge = () => new LineError(413, "Request exceeds the max size of 2MB");
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge();
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.byteLength > maxBytes) throw tooLarge();
  return bytes;
}

/** @throws {LineError} where the body is not what the operation takes, in LINE's words. */
export async function readJson(request: Request, { body }: Operation): Promise<unknown> {
  if (body === undefined) return undefined;
  const bytes = await readBytes(request);
  if (bytes.byteLength === 0 && !body.required) return undefined;
  const contentType = request.headers.get("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(contentType)) {
    throw new LineError(415, `The content type, ${contentType}, is not supported`);
  }
  const value = parseJson(new TextDecoder().decode(bytes));
  validateBody(body.shape, value);
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const [, line = "-", column = "-"] = /line (\d+) column (\d+)/.exec(String(error)) ?? [];
    throw new LineError(400, `The request body could not be parsed as JSON (line: ${line}, column: ${column})`);
  }
}

/** OAuth's calls take a form. */
export async function readForm(request: Request): Promise<Record<string, string>> {
  if (request.method === "GET") return {};
  return Object.fromEntries(new URLSearchParams(new TextDecoder().decode(await readBytes(request))));
}
