export interface ErrorDetail {
  message: string;
  property: string;
}

/** An answer that is not success, in LINE's words: the edge turns it into status, headers and JSON. */
export class LineError extends Error {
  override readonly name = "LineError";
  readonly status: number;
  readonly body: object;
  readonly headers: Record<string, string>;

  constructor(status: number, message: string, more: object = {}, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.body = { message, ...more };
    this.headers = headers;
  }
}

/** @see https://developers.line.biz/en/reference/messaging-api/#error-responses */
export function bodyErrors(details: ErrorDetail[]): LineError {
  return new LineError(400, `The request body has ${details.length} error(s)`, { details });
}

/** A value that is not of its type, or an id that is malformed; the position is not told for values inside. */
export function invalidProperty(property: string): LineError {
  return new LineError(400, `The property, ${property}, in the request body is invalid (line: -, column: -)`);
}

export const notFound = (): LineError => new LineError(404, "Not found");

/** Token calls speak OAuth's words instead. */
export class TokenError extends Error {
  override readonly name = "TokenError";
  readonly body: { error: string; error_description?: string };

  constructor(error: string, description?: string) {
    super(error);
    this.body = { error, ...(description !== undefined && { error_description: description }) };
  }
}
