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
  /** Resolves when all changes so far are on disk. */
  flush(): Promise<void>;
}

/** The oldest give way beyond this: LINE too keeps contents only for a while that it does not state. */
const keptBytes = 64 * 1024 * 1024;

/** Keeps contents in memory and, where a folder is given, each in a file of it. */
export async function openContents(folder?: string): Promise<Contents> {
  const contents = new Map<string, Content>(folder === undefined ? [] : await loadAll(folder));
  let total = [...contents.values()].reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  let written: Promise<unknown> = Promise.resolve();
  const onDisk = (work: (where: string) => Promise<unknown>) => {
    if (folder === undefined) return;
    written = written.then(() => work(folder));
    // A failure is told by `flush`; until then nobody waits.
    written.catch(() => undefined);
  };
  const remove = (id: string) => {
    const content = contents.get(id);
    if (content === undefined) return;
    total -= content.bytes.byteLength;
    contents.delete(id);
    onDisk((where) => rm(join(where, toFileName(id, content)), { force: true }));
  };
  return {
    put(id, content) {
      remove(id);
      contents.set(id, content);
      total += content.bytes.byteLength;
      onDisk((where) => writeFile(join(where, toFileName(id, content)), content.bytes, { mode: 0o600 }));
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
    async flush() {
      await written;
    },
  };
}

/** The content type is part of the name: a file says all there is to know. */
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
