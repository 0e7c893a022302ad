/** The bytes of uploaded media and rich menu images, apart from the state's JSON. */
export interface Content {
  contentType: string;
  bytes: Uint8Array;
}

export interface Contents {
  put(id: string, content: Content): void;
  get(id: string): Content | undefined;
  delete(id: string): void;
  clear(): void;
}

/** The oldest give way beyond this: LINE too keeps contents only for a while it does not state. */
const keptBytes = 64 * 1024 * 1024;

export function createContents(): Contents {
  const contents = new Map<string, Content>();
  let total = 0;
  const remove = (id: string) => {
    total -= contents.get(id)?.bytes.byteLength ?? 0;
    contents.delete(id);
  };
  return {
    put(id, content) {
      remove(id);
      contents.set(id, content);
      total += content.bytes.byteLength;
      for (const oldest of contents.keys()) {
        if (total <= keptBytes) return;
        remove(oldest);
      }
    },
    get: (id) => contents.get(id),
    delete: remove,
    clear() {
      contents.clear();
      total = 0;
    },
  };
}
