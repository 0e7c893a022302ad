/** A disk that is full: the system's calls below a folder, counted, of which one or all that follow fail with ENOSPC. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";

const calls = ["writeFileSync", "appendFileSync", "mkdirSync", "renameSync"] as const;
const promised = ["writeFile", "appendFile", "mkdir", "rename", "copyFile", "open"] as const;

export interface FullDisk extends Disposable {
  /** Whether the write that was to fail has come. */
  readonly struck: boolean;
}

/**
 * Has the write of this number fail, counted from 1; what is opened only to be read does not count. `lasts`: so do all
 * that follow, until a file of at least 64 KiB is removed, whose bytes can be written then.
 */
export function fillDiskAt(folder: string, number: number, { lasts = false } = {}): FullDisk {
  let seen = 0;
  let freed = 0;
  const descriptors = new Set<unknown>();
  const strike = (args: unknown[]): void => {
    const [target, flags] = args;
    const isOurs = descriptors.has(target) || (typeof target === "string" && path.resolve(target).startsWith(folder));
    if (!isOurs || flags === "r") return;
    seen += 1;
    if (seen === number || (lasts && seen > number && freed === 0))
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", path: target });
  };
  const undo = [
    ...calls.map((name) =>
      replace(
        fs,
        name,
        (original) =>
          (...args) => (strike(args), original(...args)),
      ),
    ),
    ...promised.map((name) =>
      replace(
        fs.promises,
        name,
        (original) =>
          async (...args) => (strike(args), await original(...args)),
      ),
    ),
    replace(fs.promises, "rm", (original) => async (...args) => {
      const size = fs.statSync(String(args[0]), { throwIfNoEntry: false })?.size ?? 0;
      if (String(args[0]).startsWith(folder) && seen >= number && size >= 64 * 1024) freed += size;
      return await original(...args);
    }),
    replace(fs, "openSync", (original) => (...args) => {
      const descriptor = original(...args);
      if (args[1] === "a" && String(args[0]).startsWith(folder)) descriptors.add(descriptor);
      return descriptor;
    }),
  ];
  syncBuiltinESMExports();
  return {
    get struck() {
      return seen >= number;
    },
    [Symbol.dispose]() {
      for (const back of undo) back();
      syncBuiltinESMExports();
    },
  };
}

type Call = (...args: unknown[]) => unknown;

function replace(holder: object, name: string, wrap: (original: Call) => Call): () => void {
  const original: unknown = Reflect.get(holder, name);
  if (typeof original !== "function") throw new Error(`node:fs has no ${name}`);
  Reflect.set(
    holder,
    name,
    wrap((...args) => Reflect.apply(original, holder, args)),
  );
  return () => void Reflect.set(holder, name, original);
}
