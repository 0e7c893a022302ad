import { partitionOf } from "@pulumi-line-bot/kit/partition";
/** `arn:<partition>:<service>:<region>:<account>:<resource>` */
export function toArn(service: string, region: string, accountId: string, resource: string): string {
  return `arn:${partitionOf(region)}:${service}:${region}:${accountId}:${resource}`;
}

/** Whether a value matches a pattern in which `*` is any text and `?` any one character, as in policies. */
export function matchesPattern(pattern: string, value: string): boolean {
  let expression = expressions.get(pattern);
  if (!expression) expressions.set(pattern, (expression = toExpression(pattern)));
  return expression.test(value);
}

/** Policies hold the same few patterns for every call. */
const expressions = new Map<string, RegExp>();

function toExpression(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s");
}

/** Ids that a service makes up: lower-case letters and digits. */
export function createServiceId(length: number): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => alphabet[byte % 36]).join("");
}
