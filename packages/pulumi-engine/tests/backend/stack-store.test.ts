import { readFile, readdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { openFileBackend } from "../../backend/file-backend.ts";
import { emptyDeployment } from "../../backend/snapshot-codec.ts";
import { createStackStore } from "../../backend/stack-store.ts";
import type { PropertyMap, ResourceState } from "../../contracts/contracts.ts";
import { secret } from "../../values/properties.ts";
import { createSecretsManager } from "../../secrets/passphrase.ts";
import { createSnapshot, createTempFolder, rootUrn, stack, thingUrn } from "../support.ts";

const env = { PULUMI_CONFIG_PASSPHRASE: "p" };
const secrets = await createSecretsManager(env);

async function createStore() {
  const folder = await createTempFolder();
  const backend = await openFileBackend(`file://${folder.path}`, "/");
  await backend.createStack(stack, emptyDeployment(secrets.salt));
  const path = join(folder.path, ".pulumi", "stacks", "shop", "dev.json");
  return {
    backend,
    path,
    /** Opens it as another process would. */
    open: (manager = secrets, environment: Record<string, string> = env) =>
      createStackStore({ backend, stack, secrets: manager, env: environment }),
    read: () => readFile(path, "utf8"),
    stored: async () =>
      (JSON.parse(await readFile(path, "utf8")) as { checkpoint: { latest: { resources: { inputs: PropertyMap }[] } } })
        .checkpoint.latest,
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
}

describe("a stack's store", () => {
  it("gives back what it was given", async () => {
    await using store = await createStore();
    const snapshot = createSnapshot([
      { inputs: { name: "a", deep: { list: [1, null, { x: true }] } }, outputs: { password: secret({ pin: 1234 }) } },
      { dependencies: [thingUrn("t0")], customTimeouts: { create: 60 }, protect: true },
    ]);
    snapshot.pendingOperations = [
      {
        type: "creating",
        resource: { urn: thingUrn("new"), custom: true, type: "test:index:Thing", inputs: { key: secret("k") } },
      },
    ];

    await store.open().load();
    await store.open().save(snapshot);

    expect(await store.open().load()).toEqual(snapshot);
  });

  it("never writes a secret in the clear", async () => {
    await using store = await createStore();

    await store.open().save(createSnapshot([{ inputs: { a: [secret("hunter2")], b: { c: secret("hunter2") } } }]));

    expect(await store.read()).not.toContain("hunter2");
    const [, thing] = (await store.stored()).resources;
    expect(JSON.stringify(thing?.inputs)).toMatch(/"ciphertext":"v1:/);
  });

  it("keeps the ciphertext of a secret that did not change, and of that alone", async () => {
    await using store = await createStore();
    await store.open().save(createSnapshot([{ inputs: { same: secret({ b: "<1>", a: 2 }), other: secret("old") } }]));
    const before = (await store.stored()).resources[1]?.inputs ?? {};

    const next = store.open();
    await next.load();
    await next.save(createSnapshot([{ inputs: { same: secret({ a: 2, b: "<1>" }), other: secret("new") } }]));

    const after = (await store.stored()).resources[1]?.inputs ?? {};
    expect(after["same"]).toEqual(before["same"]);
    expect(after["other"]).not.toEqual(before["other"]);
  });

  it("asks for no passphrase where nothing is secret", async () => {
    await using store = await createStore();
    const locked = store.open({ salt: secrets.salt, unlock: () => Promise.reject(new Error("touched")) });

    await locked.load();
    await locked.save(createSnapshot([{ inputs: { a: 1 } }]));

    await expect(locked.load()).resolves.toMatchObject({ resources: [{}, { inputs: { a: 1 } }] });
    await expect(locked.save(createSnapshot([{ inputs: { a: secret(1) } }]))).rejects.toThrow("touched");
  });

  it("writes in Pulumi's order, leaving out what says nothing", async () => {
    await using store = await createStore();

    await store
      .open()
      .save(
        createSnapshot([{ inputs: { b: 1, a: null }, outputs: {}, dependencies: [], protect: false, delete: true }]),
      );

    const text = await store.read();
    expect(text).toContain(`{"urn":"${rootUrn}","custom":false,"type":"pulumi:pulumi:Stack"}`);
    expect(text).toContain(
      `{"urn":"${thingUrn("t0")}","custom":true,"delete":true,"id":"t0-1","type":"test:index:Thing","inputs":{"a":null,"b":1},"parent":"${rootUrn}"}`,
    );
  });

  it("says which features a reader has to know", async () => {
    await using store = await createStore();
    await store.open().save(createSnapshot([{ resourceHooks: { BeforeDelete: ["look"] } }]));

    expect(JSON.parse(await store.read())).toMatchObject({ version: 4, features: ["hooks"] });
    await expect(store.open().load()).resolves.toMatchObject({
      resources: [{}, { resourceHooks: { BeforeDelete: ["look"] } }],
    });
  });

  it("keeps what it does not know of a resource", async () => {
    await using store = await createStore();
    await store.open().save(createSnapshot([{}]));
    await writeFile(store.path, (await store.read()).replace('"id":"t0-1"', '"id":"t0-1","hideDiff":["a"]'));

    const next = store.open();
    await next.save(await next.load());

    expect(await store.read()).toContain('"hideDiff":["a"]');
  });

  it("reads the CLI's checkpoint of a stack that was never deployed", async () => {
    await using store = await createStore();
    await writeFile(store.path, '{"version":0,"checkpoint":{"stack":"organization/shop/dev"}}');

    await expect(store.open().load()).resolves.toEqual({ resources: [], pendingOperations: [] });
  });

  it("encrypts again under the stack's salt what was written under another", async () => {
    await using store = await createStore();
    await store.open().save(createSnapshot([{ inputs: { a: secret("x") } }]));
    const other = await createSecretsManager(env);

    const moving = store.open(other);
    await moving.save(await moving.load());

    expect(await store.read()).toContain(other.salt);
    await expect(store.open(other).load()).resolves.toMatchObject({ resources: [{}, { inputs: { a: secret("x") } }] });
  });

  it("keeps the state before an operation beside the one after it", async () => {
    await using store = await createStore();
    const before = await store.read();
    const operation = store.open();
    await operation.load();

    await operation.save(createSnapshot([{}]));
    await operation.save(createSnapshot([{}, {}]));

    expect(await readFile(`${store.path}.bak`, "utf8")).toBe(before);
  });

  it("leaves nothing but the old state behind when a write fails", async () => {
    await using store = await createStore();
    const before = await store.read();
    const broken = { ...createSnapshot(), resources: [{ urn: 1n as unknown as string, custom: true, type: "x" }] };

    await expect(store.open().save(broken)).rejects.toThrow("BigInt");

    expect(await store.read()).toBe(before);
    expect(await readdir(dirname(store.path))).toEqual(["dev.json"]);
  });

  it("does not serialize a resource again that it has written", async () => {
    await using store = await createStore();
    let reads = 0;
    const thing = { ...createSnapshot([{}]).resources[1] } as ResourceState;
    Object.defineProperty(thing, "inputs", { enumerable: true, get: () => ((reads += 1), { a: 1 }) });
    const snapshot = createSnapshot();
    snapshot.resources.push(thing);
    const open = store.open();
    await open.save(snapshot);
    const once = reads;

    await open.save({ ...snapshot, resources: [...snapshot.resources] });

    expect(once).toBeGreaterThan(0);
    expect(reads).toBe(once);
  });
});

describe("a state that cannot be used", () => {
  const damages: [string, (text: string) => string, RegExp][] = [
    ["is cut short", (text) => text.slice(0, text.length / 2), /cut short or damaged/],
    ["is empty", () => "", /is empty/],
    ["is something else", () => '{"hello":"world"}', /is not a Pulumi checkpoint/],
    ["is newer", (text) => text.replace('"version":3', '"version":5'), /version 5, newer/],
    ["is older", (text) => text.replace('"version":3', '"version":2'), /version 2, too old/],
    [
      "needs what the engine has not",
      (text) => text.replace('"version":3', '"version":4,"features":["views"]'),
      /needs views/,
    ],
    [
      "belongs to another stack",
      (text) => text.replaceAll("urn:pulumi:dev::", "urn:pulumi:prod::"),
      /belongs to another stack/,
    ],
    ["was edited by hand", (text) => text.replace(/"magic":"../, '"magic":"zz'), /manifest was changed/],
    [
      "lacks what something depends on",
      (text) => text.replace(/"dependencies":\["/, '"dependencies":["urn:pulumi:dev::shop::a:b:C::gone","'),
      /gone \(dependency\)/,
    ],
    ["has one resource twice", (text) => text.replaceAll("Thing::t1", "Thing::t0"), /is in it twice/],
    [
      "keeps its secrets elsewhere",
      (text) => text.replace('"type":"passphrase"', '"type":"cloud"'),
      /keeps its secrets with cloud/,
    ],
    [
      "has a damaged ciphertext",
      (text) => text.replace(/("ciphertext":"v1:[^:]+:)..../, "$1AAAA"),
      /not encrypted with this stack's passphrase/,
    ],
    [
      "has a resource of the wrong shape",
      (text) => text.replace('"id":"t0-1"', '"id":5'),
      /not a Pulumi checkpoint: resources\.1\.id: expected string/,
    ],
  ];

  it.each(damages)("is refused with the reason and left untouched: it %s", async (_how, damage, reason) => {
    await using store = await createStore();
    await store.open().save(createSnapshot([{ inputs: { a: secret("x") } }, { dependencies: [thingUrn("t0")] }]));
    const damaged = damage(await store.read());
    await writeFile(store.path, damaged);
    const { mtimeMs } = await stat(store.path);

    await expect(store.open().load()).rejects.toThrow(reason);

    expect(await store.read()).toBe(damaged);
    expect((await stat(store.path)).mtimeMs).toBe(mtimeMs);
  });

  it("is refused when the passphrase is another", async () => {
    await using store = await createStore();
    await store.open().save(createSnapshot([{ inputs: { a: secret("x") } }]));
    const wrong = { PULUMI_CONFIG_PASSPHRASE: "wrong" };
    const other = await createSecretsManager(wrong);

    await expect(store.open(other, wrong).load()).rejects.toThrow("incorrect passphrase");
  });
});
