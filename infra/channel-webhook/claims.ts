import type { Properties } from "./inputs.ts";

/**
 * Which endpoints resources of the running operation want. When one of them is replaced or renamed, its successor has
 * the same endpoint, is created first, and writes nothing; deleting the former resource must not take it away.
 * The engine runs one process of this provider in an operation, and destroys without checking or creating anything.
 */
export const claimByCredentials = ({ credentials, endpoint }: Properties): string =>
  `${String(credentials)} ${String(endpoint)}`;
export const claimByBot = (botUserId: string, endpoint: string): string => `${botUserId} ${endpoint}`;
