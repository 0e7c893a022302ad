import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The bytes of uploaded media and rich menu images, apart from the state's JSON. */
export interface Content {
  contentType: string;
  bytes: Uint8Array;
}

export interface Contents {
  put(id: string, content: Content): void;
  get(id: string): Content | undefined;
  has(id: string): boolean;
  delete(id: string): void;
  clear(): void;
  /** Resolves when all changes so far are on disk. What could not be written is tried again by the next one. */
  flush(): Promise<void>;
}

/** Longer ones are registered nowhere. */
export const longestContentType = 100;

/** The oldest give way beyond this: LINE too keeps contents only for a while that it does not state. */
const keptBytes = 64 * 1024 * 1024;

/** Keeps contents in memory and, where a folder is given, each in a file of it. */
export async function openContents(folder?: string): Promise<Contents> {
  const contents = new Map<string, Content>(folder === undefined ? [] : await loadAll(folder));
  let total = [...contents.values()].reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  /** What is to become of each file; the last one of several wishes counts. */
  const wishes = new Map<string, (file: string) => Promise<unknown>>();
  let writing: Promise<unknown> = Promise.resolve();
  const writeAll = async () => {
    const failures: unknown[] = [];
    for (const [name, wish] of wishes) {
      try {
        await wish(join(folder ?? "", name));
        if (wishes.get(name) === wish) wishes.delete(name);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  const flush = async () => {
    const mine = Promise.allSettled([writing]).then(writeAll);
    writing = mine;
    await mine;
  };
  const onDisk = (name: string, wish: (file: string) => Promise<unknown>) => {
    if (folder === undefined) return;
    wishes.set(name, wish);
    // A failure is reported by the `flush` that somebody waits for.
    flush().catch(() => undefined);
  };
  const remove = (id: string) => {
    const content = contents.get(id);
    if (content === undefined) return;
    total -= content.bytes.byteLength;
    contents.delete(id);
    onDisk(toFileName(id, content), (file) => rm(file, { force: true }));
  };
  return {
    put(id, content) {
      remove(id);
      contents.set(id, content);
      total += content.bytes.byteLength;
      onDisk(toFileName(id, content), (file) => writeFile(file, content.bytes, { mode: 0o600 }));
      for (const oldest of contents.keys()) {
        if (total <= keptBytes) return;
        remove(oldest);
      }
    },
    get: (id) => contents.get(id),
    has: (id) => contents.has(id),
    delete: remove,
    clear() {
      for (const id of contents.keys()) remove(id);
    },
    flush,
  };
}

/**
 * The content type is part of the name: a file says all there is to know. File systems take names of 255 bytes, of which
 * this leaves a type as long as `longestContentType`.
 */
const toFileName = (id: string, { contentType }: Content): string =>
  `${encodeURIComponent(id)}=${encodeURIComponent(contentType)}`;

async function loadAll(folder: string): Promise<[string, Content][]> {
  await mkdir(folder, { recursive: true });
  const names = await readdir(folder);
  return Promise.all(
    names.sort().map(async (name): Promise<[string, Content]> => {
      const [id = "", contentType = ""] = name.split("=").map(decodeURIComponent);
      return [id, { contentType, bytes: await readFile(join(folder, name)) }];
    }),
  );
}
