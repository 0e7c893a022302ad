import * as v from "valibot";
import type { InvocationResult } from "../functions.ts";

const Response = v.nullable(
  v.object({
    batchItemFailures: v.nullish(v.array(v.object({ itemIdentifier: v.string() })), []),
  }),
);

/**
 * Which messages of a batch have failed: none where the function answers nothing or no failures; all of them where it
 * failed itself, or where its report cannot be read or names a message that is not of the batch.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function toFailures(
  { functionError, payload }: Pick<InvocationResult, "functionError" | "payload">,
  ids: string[],
  reportsFailures: boolean,
): Set<string> {
  if (functionError) return new Set(ids);
  if (!reportsFailures) return new Set();
  const { success, output } = v.safeParse(Response, JSON.parse(payload));
  if (!success) return new Set(ids);
  const failed = (output?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
  return failed.every((id) => ids.includes(id)) ? new Set(failed) : new Set(ids);
}
