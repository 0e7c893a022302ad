import type { HasTrace } from "../trace.ts";
import type { HasStore } from "../store/store.ts";
import { join } from "node:path";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";
import type { Engine } from "./engine.ts";
import { tablesOf, toDescription, ttlAttributeOf } from "./model.ts";

/** How often expired items are looked for, and how long they are there at least: AWS promises a few days. */
const SWEEP_MS = 60_000;
/** What expired so long ago is taken for a mistake, and stays. */
const TOO_OLD_SECONDS = 5 * 365 * 86_400;

/** DynamoDB's data plane: the items of all tables. */
export class Tables {
  readonly #cloud: HasStore & HasTrace;
  #engine: Promise<Engine> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(cloud: HasStore & HasTrace) {
    this.#cloud = cloud;
    this.#schedule(1000);
  }

  async run(operation: string, input: object): Promise<object> {
    const engine = await this.#opened();
    return engine.run(operation, input);
  }

  /** The table is there and is as its attributes say. */
  async define(attributes: Attributes): Promise<void> {
    const engine = await this.#opened();
    await engine.define(attributes["name"] as string, toDescription(attributes));
    this.#schedule(SWEEP_MS);
  }

  async remove(name: string): Promise<void> {
    const engine = await this.#opened();
    await engine.remove(name);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#sweeping;
    const engine = await this.#engine;
    await engine?.close();
  }

  async #opened(): Promise<Engine> {
    if (this.#closed) throw new ServiceError("InternalServerError", "The local AWS is closing", 500);
    return (this.#engine ??= this.#open().catch((error: unknown) => {
      // A disk that was full may have room by the next call.
      this.#engine = undefined;
      throw error;
    }));
  }

  /** A kill may have come between a table's record and its definition: the record counts. */
  async #open(): Promise<Engine> {
    const { openEngine } = await import("./engine.ts");
    const engine = await openEngine(join(this.#cloud.store.folder, "dynamodb", "items"));
    for (const { id, attributes } of tablesOf(this.#cloud).values()) await engine.define(id, toDescription(attributes));
    return engine;
  }

  /** Sweeps for as long as a table's items may expire. */
  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    const hasTtl = tablesOf(this.#cloud)
      .values()
      .some(({ attributes }) => ttlAttributeOf(attributes) !== undefined);
    if (!hasTtl || this.#closed) return;
    this.#timer = setTimeout(() => {
      // What could not be deleted is looked for again the next time.
      this.#sweeping = this.#sweep()
        .catch((error: unknown) => console.error(`Expired items could not be deleted: ${String(error)}`))
        .finally(() => this.#schedule(SWEEP_MS));
    }, ms).unref();
  }

  async #sweep(): Promise<void> {
    for (const { id, attributes } of tablesOf(this.#cloud).values()) {
      const ttl = ttlAttributeOf(attributes);
      if (ttl === undefined || this.#closed) continue;
      const items = await this.#deleteExpired(id, attributes, ttl);
      if (items > 0) this.#cloud.trace({ kind: "expired", table: id, items });
    }
  }

  async #deleteExpired(table: string, { hashKey, rangeKey }: Attributes, ttl: string): Promise<number> {
    const engine = await this.#opened();
    const until = (Date.now() - SWEEP_MS) / 1000;
    let items = 0;
    for await (const item of engine.items(table)) {
      if (this.#closed) break;
      const expiresAt = Number(item[ttl]?.["N"] ?? NaN);
      if (!(expiresAt < until && expiresAt > until - TOO_OLD_SECONDS)) continue;
      const keys = [hashKey, rangeKey].filter((key): key is string => Boolean(key));
      items += await deleteUnchanged(engine, table, {
        Key: Object.fromEntries(keys.map((key) => [key, item[key]])),
        ExpressionAttributeNames: { "#ttl": ttl },
        ExpressionAttributeValues: { ":ttl": item[ttl] },
      });
    }
    return items;
  }
}

/** Errors of a delete that finds the item changed, or its table gone. */
const UNTOUCHED = ["#ConditionalCheckFailedException", "#ResourceNotFoundException"];

/** An item that was given more time in the meantime stays. */
async function deleteUnchanged(engine: Engine, table: string, item: object): Promise<0 | 1> {
  try {
    await engine.run("DeleteItem", { TableName: table, ConditionExpression: "#ttl = :ttl", ...item });
    return 1;
  } catch (error) {
    if (error instanceof ServiceError && UNTOUCHED.some((code) => error.code.endsWith(code))) return 0;
    throw error;
  }
}
