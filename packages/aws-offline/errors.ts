/** A mistake that the reader of the message can fix; commands print the message alone. */
export class LocalAwsError extends Error {
  override readonly name = "UserError";
}

/** What an AWS service answers instead of a result: an error code, a message and an HTTP status. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: string;
  readonly status: number;
  /** Members of the answer beside code and message. */
  readonly details: object;
  constructor(code: string, message: string, status = 400, details: object = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.details = details;
  }
}
