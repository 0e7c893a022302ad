import { LineError } from "../errors.ts";

/** The simulator never pretends: a call that it does not know how to answer says so. */
export const notSimulated = (what: string): LineError =>
  new LineError(501, `The LINE simulator does not simulate ${what}`);
