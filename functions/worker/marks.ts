import { createHash } from "node:crypto";
import * as v from "valibot";
import type { AwsCall } from "../shared/aws-call.ts";
import { rememberedSeconds } from "./once.ts";

/** `unsent`: a message was taken back by who wrote it. `answered`: an event has its reply. `pushed`: by retry key. */
export type Mark = "unsent" | "answered" | "pushed";

/** Notes about messages and events that outlive the worker: in the table of events, under hashed ids. */
export interface Marks {
  put(mark: Mark, id: string): Promise<void>;
  has(mark: Mark, id: string): Promise<boolean>;
}

const timeoutMs = 1500;

const answer = v.object({ Item: v.optional(v.unknown()) });

export function createMarks(callDynamoDb: AwsCall, tableName: string): Marks {
  return {
    async put(mark, id) {
      const expiration = { N: String(Math.ceil(Date.now() / 1000) + rememberedSeconds) };
      await callDynamoDb("PutItem", { TableName: tableName, Item: { ...toKey(mark, id), expiration } }, { timeoutMs });
    },
    async has(mark, id) {
      const input = { TableName: tableName, Key: toKey(mark, id), ConsistentRead: true };
      return v.parse(answer, await callDynamoDb("GetItem", input, { timeoutMs })).Item !== undefined;
    },
  };
}

function toKey(mark: Mark, id: string) {
  return { id: { S: `${mark}#${createHash("sha256").update(id).digest("base64")}` } };
}
