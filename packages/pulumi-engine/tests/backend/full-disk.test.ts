import { readdir } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { fillDiskAt } from "../../../kit/tests/full-disk.ts";
import { openFileBackend } from "../../backend/file-backend.ts";
import { emptyDeployment } from "../../backend/snapshot-codec.ts";
import { createStackStore } from "../../backend/stack-store.ts";
import { createSecretsManager } from "../../secrets/passphrase.ts";
import { Cloud, type Program, run } from "../core/harness.ts";
import { createTempFolder } from "../support.ts";

const env = { PULUMI_CONFIG_PASSPHRASE: "p" };
const secrets = await createSecretsManager(env);
const stack = { project: "test", name: "dev" };
const names = Array.from({ length: 6 }, (_, index) => `r${index}`);

const program: Program = async (context) => {
  await Promise.all(names.map((name) => context.thing(name, { size: 1 })));
};

async function createPlace() {
  const folder = await createTempFolder();
  const backend = await openFileBackend(`file://${folder.path}`, "/");
  await backend.createStack(stack, emptyDeployment(secrets.salt));
  const cloud = new Cloud();
  return {
    cloud,
    folder: folder.path,
    /** One operation, as a process of its own would run it. */
    async operate(kind: "update" | "destroy") {
      const store = createStackStore({ backend, stack, secrets, env });
      try {
        return await run(cloud, store, { kind, ...(kind === "update" ? { program } : {}) });
      } finally {
        await store.close();
      }
    },
    read: () => createStackStore({ backend, stack, secrets, env }).load(),
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
}

/** Runs an operation with a disk that is full from its nth write on, for each n until none is left to fail. */
async function tryEachWrite(
  kind: "update" | "destroy",
  check: (place: Awaited<ReturnType<typeof createPlace>>) => Promise<void>,
): Promise<number> {
  for (let number = 1; ; number += 1) {
    await using place = await createPlace();
    if (kind === "destroy") await place.operate("update");
    {
      using disk = fillDiskAt(place.folder, number, { lasts: true });
      const { result } = await place.operate(kind);
      if (!disk.struck) return result === "succeeded" ? number - 1 : 0;
    }
    await check(place);
  }
}

test("a disk that fills up at any write of an update leaves nothing that the state does not know", async () => {
  const writes = await tryEachWrite("update", async (place) => {
    const state = await place.read();

    expect(state.pendingOperations).toEqual([]);
    const known = new Set(state.resources.map(({ id }) => id));
    expect([...place.cloud.objects.keys()].filter((id) => !known.has(id))).toEqual([]);
    expect((await place.operate("update")).result).toBe("succeeded");
    expect(place.cloud.objects.size).toBe(names.length);
    expect((await place.operate("update")).changes).toEqual({ same: names.length + 1 });
    expect(await readdir(path.join(place.folder, ".pulumi", "stacks", "test"))).toEqual(["dev.json", "dev.json.bak"]);
  });

  expect(writes).toBeGreaterThan(8);
});

test("one that fills up at any write of a destroy is done with by the next one", async () => {
  const writes = await tryEachWrite("destroy", async (place) => {
    expect((await place.operate("destroy")).result).toBe("succeeded");
    expect(place.cloud.objects.size).toBe(0);
  });

  expect(writes).toBeGreaterThan(8);
});
