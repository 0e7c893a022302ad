/** The parts of dynalite that are used: it is made as a server, and declares no types. */
declare module "dynalite/db/index.js" {
  type Callback<T> = (error: Error | null, value?: T) => void;
  interface Level {
    open(): Promise<void>;
    close(): Promise<void>;
    values(range: { gte: string; lt: string }): AsyncIterable<unknown>;
    clear(range: { gte: string; lt: string }): Promise<void>;
  }
  export interface Store {
    db: Level;
    tableDb: {
      put(key: string, value: object, done: Callback<void>): void;
      del(key: string, done: Callback<void>): void;
    };
  }
  const database: { create(options: { path: string }): Store };
  export default database;
}

declare module "dynalite/validations/index.js" {
  import type { Store } from "dynalite/db/index.js";
  const validations: {
    /** Both throw an error with what the service answers. */
    checkTypes(input: object, types: object): object;
    checkValidations(input: object, types: object, custom: unknown, store: Store): void;
  };
  export default validations;
}
