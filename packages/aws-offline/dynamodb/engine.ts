import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type { Store } from "dynalite/db/index.js";
import { ServiceError } from "../errors.ts";

type Item = Record<string, Record<string, unknown>>;

/** What dynalite keeps and does, called without a server: one LevelDB for all tables. */
export interface Engine {
  /** An operation of DynamoDB, from its input to its output. */
  run(operation: string, input: object): Promise<object>;
  /** Puts a table's description, by which the operations work. */
  define(name: string, description: object): Promise<void>;
  /** The table with all its items goes. */
  remove(name: string): Promise<void>;
  items(name: string): AsyncIterable<Item>;
  close(): Promise<void>;
}

interface Validation {
  types: object;
  custom: unknown;
}
type Action = (store: Store, input: object, done: (error: Error | null, output?: object) => void) => void;

/** What dynalite answers in place of a result. */
interface Refusal extends Error {
  statusCode: number;
  body: { __type: string; message?: string; Message?: string };
}

/** Loads dynalite, which costs a start where nothing is kept, only when it is called. */
export async function openEngine(folder: string): Promise<Engine> {
  const [{ default: database }, { default: validations }] = await Promise.all([
    import("dynalite/db/index.js"),
    import("dynalite/validations/index.js"),
  ]);
  mkdirSync(dirname(folder), { recursive: true });
  const store = database.create({ path: folder });
  await store.db.open().catch((error: unknown) => {
    // LevelDB says in the cause what has kept it from its folder.
    throw error instanceof Error && error.cause !== undefined ? error.cause : error;
  });
  return {
    async run(operation, input) {
      const file = `${operation.charAt(0).toLowerCase()}${operation.slice(1)}.js`;
      const { types, custom } = load(`dynalite/validations/${file}`) as Validation;
      const action = load(`dynalite/actions/${file}`) as Action;
      try {
        const checked = validations.checkTypes({ ...input }, types);
        validations.checkValidations(checked, types, custom, store);
        return await settle<object>((done) => action(store, checked, done));
      } catch (error) {
        throw isRefusal(error) ? toServiceError(error) : error;
      }
    },
    define: (name, description) => settle<void>((done) => store.tableDb.put(name, description, done)),
    async remove(name) {
      await settle<void>((done) => store.tableDb.del(name, done));
      // The prefixes that dynalite gives to what belongs to a table.
      for (const prefix of [`item-${name}~`, `index-global~${name}~`, `index-local~${name}~`, `tag-${name}~`])
        await store.db.clear(toRange(prefix));
    },
    items: (name) => store.db.values(toRange(`item-${name}~`)) as AsyncIterable<Item>,
    close: () => store.db.close(),
  };
}

const load = createRequire(import.meta.url);

function settle<T>(act: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => act((error, value) => (error ? reject(error) : resolve(value as T))));
}

function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && "statusCode" in error && "body" in error;
}

function toServiceError({ statusCode, body }: Refusal): ServiceError {
  return new ServiceError(body.__type, body.message ?? body.Message ?? "", statusCode);
}

function toRange(prefix: string): { gte: string; lt: string } {
  return { gte: prefix, lt: `${prefix}\u{FFFF}` };
}
