import { describe, expect, it } from "vitest";
import { isSecret, secret, UNKNOWN } from "../../values/properties.ts";
import type { PropertyMap } from "../../contracts/contracts.ts";
import { Cloud, MemoryStore, run, STACK, unwell, urnOf, type Options, type Program } from "./harness.ts";
import { faultsOf } from "./integrity.ts";

type Things = Record<string, { inputs?: PropertyMap; options?: Options; needs?: string[] }>;

/** One thing after the other; `needs` are dependencies, the first of which feeds `of`. */
const programOf =
  (things: Things): Program =>
  async (context) => {
    const made = new Map<string, { urn: string; outputs: PropertyMap }>();
    for (const [name, { inputs = {}, options = {}, needs = [] }] of Object.entries(things)) {
      const needed = needs.flatMap((need) => made.get(need) ?? []);
      const of = needed[0] ? { of: needed[0].outputs["address"] ?? UNKNOWN } : {};
      made.set(
        name,
        await context.thing(
          name,
          { ...inputs, ...of },
          {
            dependencies: needed.map(({ urn }) => urn),
            propertyDependencies: needed[0] ? { of: [needed[0].urn] } : {},
            ...options,
          },
        ),
      );
    }
    return { first: [...made.values()][0]?.outputs["address"] ?? null };
  };

/** Runs one program, then another, and gives the steps of the second. */
async function after(first: Things, second: Things, options: Parameters<typeof run>[2] = {}) {
  const cloud = new Cloud();
  const store = new MemoryStore();
  await run(cloud, store, { program: programOf(first) });
  cloud.calls.length = 0;
  const runsProgram = options.kind !== "destroy" && options.previewOf === undefined;
  const result = await run(cloud, store, { ...(runsProgram ? { program: programOf(second) } : {}), ...options });
  expect(store.saved.flatMap(faultsOf)).toEqual([]);
  return { cloud, store, result, live: store.current.resources.map(({ urn }) => urn) };
}

const inputs = (map: PropertyMap) => ({ inputs: map });

describe("an update", () => {
  it.each<[string, Things, Things, string[]]>([
    ["creates what is new", {}, { a: {} }, ["create a"]],
    ["leaves what did not change", { a: {} }, { a: {} }, ["same a"]],
    ["changes in place", { a: inputs({ size: 1 }) }, { a: inputs({ size: 2 }) }, ["update a"]],
    [
      "makes the new before it deletes the old",
      { a: inputs({ zone: "x" }) },
      { a: inputs({ zone: "y" }) },
      ["create-replacement a", "replace a", "delete-replaced a"],
    ],
    [
      "deletes the old first where the provider says so",
      { a: inputs({ slot: "x" }) },
      { a: inputs({ slot: "y" }) },
      ["delete-replaced a", "replace a", "create-replacement a"],
    ],
    [
      "deletes the old first where the program says so",
      { a: inputs({ zone: "x" }) },
      { a: { inputs: { zone: "y" }, options: { deleteBeforeReplace: true } } },
      ["delete-replaced a", "replace a", "create-replacement a"],
    ],
    [
      "deletes dependents first",
      { a: {}, b: { needs: ["a"] }, c: { needs: ["b"] } },
      {},
      ["delete c", "delete b", "delete a"],
    ],
    [
      "ignores changes that it is told to ignore",
      { a: inputs({ size: 1 }) },
      { a: { inputs: { size: 2 }, options: { ignoreChanges: ["size"] } } },
      ["same a"],
    ],
    [
      "replaces on changes that are named",
      { a: inputs({ size: 1 }) },
      { a: { inputs: { size: 2 }, options: { replaceOnChanges: ["size"] } } },
      ["create-replacement a", "replace a", "delete-replaced a"],
    ],
    [
      "replaces when a trigger changes",
      { a: { options: { replacementTrigger: "1" } } },
      { a: { options: { replacementTrigger: "2" } } },
      ["create-replacement a", "replace a", "delete-replaced a"],
    ],
    [
      "leaves alone when a trigger is set for the first time",
      { a: {} },
      { a: { options: { replacementTrigger: "2" } } },
      ["same a"],
    ],
    [
      "replaces together what is bound together",
      { a: inputs({ zone: "x" }), b: { options: { replaceWith: [urnOf("a")] } } },
      { a: inputs({ zone: "y" }), b: { options: { replaceWith: [urnOf("a")] } } },
      [
        "create-replacement a",
        "replace a",
        "create-replacement b",
        "replace b",
        "delete-replaced b",
        "delete-replaced a",
      ],
    ],
    ["keeps a renamed resource by its alias", { a: {} }, { b: { options: { aliases: [{ name: "a" }] } } }, ["same b"]],
    ["makes a renamed resource again without an alias", { a: {} }, { b: {} }, ["create b", "delete a"]],
  ])("%s", async (_, first, second, steps) => {
    const { result } = await after(first, second);

    expect(result.steps).toEqual(steps);
    expect(result.result).toBe("succeeded");
  });

  it("deletes, before it deletes a resource, those that would have to be replaced with it", async () => {
    const zoned = (zone: string): Things => ({
      a: inputs({ slot: zone }),
      b: { needs: ["a"], options: { replaceOnChanges: ["of"] } },
      c: { needs: ["b"] },
      d: { options: { dependencies: [urnOf("a")] } },
    });

    const { result, live } = await after(zoned("x"), zoned("y"));

    expect(result.steps.slice(0, 4)).toEqual([
      "delete-replaced b",
      "delete-replaced a",
      "replace a",
      "create-replacement a",
    ]);
    expect(result.steps).toContain("create-replacement b");
    expect(result.steps).toContain("update c");
    expect(result.steps).toContain("same d");
    expect(live).toHaveLength(6);
  });

  it("reports a failed check with the property's name and changes nothing", async () => {
    const { result, cloud } = await after({}, { a: inputs({ size: -1 }), b: {} });

    expect(result.result).toBe("failed");
    expect(result.messages).toEqual([
      "cloud:index:Thing resource 'a': property size value {-1} has a problem: size must not be negative",
    ]);
    expect(cloud.objects.size).toBe(0);
  });

  it("refuses two resources of one name", async () => {
    const result = await run(new Cloud(), new MemoryStore(), {
      program: async (context) => {
        await context.thing("a");
        await context.thing("a");
      },
    });

    expect(result.result).toBe("failed");
    expect(result.messages[0]).toBe(`Duplicate resource URN '${urnOf("a")}'; try giving it a unique name`);
  });

  it("stops at a failure, and keeps what was done", async () => {
    const cloud = new Cloud();
    const store = new MemoryStore();
    const program = programOf({ a: {}, b: { needs: ["a"] }, c: { needs: ["b"] } });
    cloud.interfere = ({ method, urn }) => {
      if (method === "create" && urn === urnOf("b")) throw new Error("the cloud refused");
    };

    const failed = await run(cloud, store, { program });
    cloud.interfere = () => undefined;
    const fixed = await run(cloud, store, { program });

    expect(failed.messages).toEqual(["the cloud refused", "update failed"]);
    expect(failed.changes).toEqual({ create: 2 });
    expect(fixed.steps).toEqual(["same a", "create b", "create c"]);
  });

  it("goes on after a failure where that is asked for, with what does not depend on it", async () => {
    const cloud = new Cloud();
    cloud.interfere = ({ method, urn }) => {
      if (method === "create" && urn === urnOf("a")) throw new Error("the cloud refused");
    };

    const result = await run(cloud, new MemoryStore(), {
      program: programOf({ a: {}, b: { options: { dependencies: [urnOf("a")] } }, c: {} }),
      continueOnError: true,
    });

    expect(result.result).toBe("failed");
    expect([...cloud.objects.keys()]).toEqual(["c-1"]);
  });

  it("keeps an object that did not come up well, with the reasons, and tries again", async () => {
    const cloud = new Cloud();
    const store = new MemoryStore();
    cloud.interfere = ({ method }, when) => {
      if (method === "create" && when === "after") throw unwell("a-1", { size: 1, address: "cloud://a-1" });
    };
    const program = programOf({ a: inputs({ size: 1 }) });

    await run(cloud, store, { program });
    const kept = store.current.resources.find(({ urn }) => urn === urnOf("a"));
    cloud.interfere = () => undefined;
    const next = await run(cloud, store, { program });

    expect(kept).toMatchObject({ id: "a-1", initErrors: ["it did not come up"] });
    expect(next.steps).toEqual(["update a"]);
    expect(store.current.resources.find(({ urn }) => urn === urnOf("a"))?.initErrors).toBeUndefined();
  });

  it("keeps the former outputs of the stack that a failed program did not come to", async () => {
    const cloud = new Cloud();
    const store = new MemoryStore();
    await run(cloud, store, { program: () => Promise.resolve({ one: 1, two: 2 }) });

    const result = await run(cloud, store, {
      program: async ({ monitor }) => {
        await monitor.registerResourceOutputs(STACK, { two: 3 });
        throw new Error("the program threw");
      },
    });

    expect(result.outputs).toEqual({ one: 1, two: 3 });
    expect(result.messages).toEqual(["the program threw"]);
  });

  it("reads a resource that it does not own, and only forgets it in the end", async () => {
    const cloud = new Cloud();
    const store = new MemoryStore();
    cloud.objects.set("found-1", { size: 5 });
    const read = await run(cloud, store, {
      program: async ({ monitor }) =>
        await monitor
          .readResource({
            type: "cloud:index:Thing",
            name: "a",
            id: "found-1",
            parent: STACK,
            properties: {},
            dependencies: [],
            additionalSecretOutputs: [],
          })
          .then(({ properties }) => properties),
    });

    const destroyed = await run(cloud, store, { kind: "destroy" });

    expect(read.outputs).toEqual({ size: 5 });
    expect(destroyed.steps).toEqual(["discard a"]);
    expect(cloud.objects.has("found-1")).toBe(true);
  });

  it("imports an object, and then changes what the program says differently", async () => {
    const cloud = new Cloud();
    const store = new MemoryStore();
    cloud.objects.set("there-1", { size: 5, tier: "basic" });
    const host = cloud.host();
    const provider = cloud.provider();
    host.open = () =>
      Promise.resolve({
        checkConfig: (_urn, _olds, news) => Promise.resolve({ inputs: news, failures: [] }),
        diffConfig: () => Promise.resolve({ replaces: [], stables: [], diffs: [] }),
        configure: () =>
          Promise.resolve({
            ...provider,
            read: async (request) => {
              const read = await provider.read(request);
              return read && { ...read, inputs: read.outputs };
            },
          }),
      });

    const imported = await run(cloud, store, {
      providers: host,
      program: programOf({ a: { inputs: { size: 6 }, options: { importId: "there-1" } } }),
    });
    const next = await run(cloud, store, {
      providers: host,
      program: programOf({ a: { inputs: { size: 6 }, options: { importId: "there-1" } } }),
    });

    expect(imported.steps).toEqual(["import a", "update a"]);
    expect(next.steps).toEqual(["same a"]);
    expect(cloud.objects.get("there-1")).toMatchObject({ size: 6 });
  });

  it("hands a secret to the state as one, and shows it nowhere", async () => {
    const { store, result } = await after(
      {},
      { a: { inputs: { password: secret("hunter2") }, options: { additionalSecretOutputs: ["address"] } } },
    );

    const state = store.current.resources.find(({ urn }) => urn === urnOf("a"));
    expect(isSecret(state?.outputs?.["password"])).toBe(true);
    expect(isSecret(state?.outputs?.["address"])).toBe(true);
    expect(JSON.stringify(result.events)).not.toContain("hunter2");
  });

  it("gives children what holds for their parent", async () => {
    const cloud = new Cloud();
    const store = new MemoryStore();
    await run(cloud, store, {
      program: async (context) => {
        const parent = await context.component("g", { protect: true });
        await context.thing("a", {}, { parent: parent.urn });
      },
    });

    expect(store.current.resources.find(({ id }) => id === "a-1")).toMatchObject({
      protect: true,
      urn: "urn:pulumi:dev::test::test:index:Group$cloud:index:Thing::a",
    });
  });
});

describe("protection", () => {
  const kept: Things = { a: { inputs: { zone: "x" }, options: { protect: true } } };

  it.each<[string, Things, Parameters<typeof run>[2]]>([
    ["removing it from the program", {}, {}],
    ["replacing it", { a: { inputs: { zone: "y" }, options: { protect: true } } }, {}],
    ["destroying the stack", {}, { kind: "destroy" }],
  ])("stands against %s", async (_, second, options) => {
    const { result, cloud } = await after(kept, second, options);

    expect(result.result).toBe("failed");
    expect(result.messages.join("\n")).toContain("protect");
    expect([...cloud.objects.keys()]).toEqual(["a-1"]);
  });

  it("ends where the program takes it away", async () => {
    const { result } = await after(kept, { a: inputs({ zone: "y" }) });

    expect(result.steps).toEqual(["create-replacement a", "replace a", "delete-replaced a"]);
  });
});

describe("an operation on targets", () => {
  const one: Things = { a: inputs({ size: 1 }), b: inputs({ size: 1 }), gone: {} };
  const two: Things = { a: inputs({ size: 2 }), b: inputs({ size: 2 }), fresh: {} };

  it("touches nothing else", async () => {
    const { result, cloud, live } = await after(one, two, { targets: [urnOf("b")] });

    expect(result.steps.filter((step) => !step.startsWith("same"))).toEqual(["update b"]);
    expect(cloud.objects.get("a-1")).toMatchObject({ size: 1 });
    expect(live).toContain(urnOf("gone"));
  });

  it("deletes a target that left the program", async () => {
    const { result } = await after(one, two, { targets: [urnOf("gone")] });

    expect(result.steps.filter((step) => !step.startsWith("same"))).toEqual(["delete gone"]);
  });

  it("takes wildcards", async () => {
    const { result } = await after(one, two, { targets: ["urn:**::b"] });

    expect(result.steps.filter((step) => !step.startsWith("same"))).toEqual(["update b"]);
  });

  it("refuses a target that needs what would have to be made first", async () => {
    const { result } = await after({}, { a: {}, b: { needs: ["a"] } }, { targets: [urnOf("b")] });

    expect(result.result).toBe("failed");
    expect(result.messages.join("\n")).toContain("--target");
  });

  it("names a target that is not there", async () => {
    const { result } = await after(one, one, { targets: [urnOf("nowhere")] });

    expect(result.messages[0]).toContain(`Target '${urnOf("nowhere")}' could not be found in the stack.`);
  });

  it("replaces what it is told to replace", async () => {
    const { result } = await after(one, one, { replace: [urnOf("a")] });

    expect(result.changes).toMatchObject({ replace: 1 });
  });
});

describe("a preview", () => {
  it("changes nothing, and counts what would change", async () => {
    const { result, cloud, store } = await after(
      { a: inputs({ size: 1 }), b: {} },
      { a: inputs({ size: 2 }), c: { needs: ["a"] } },
      { kind: "preview" },
    );

    expect(result.changes).toEqual({ same: 1, update: 1, create: 1, delete: 1 });
    expect(cloud.calls.map(({ method }) => method)).not.toContain("create");
    expect([...cloud.objects.keys()]).toEqual(["a-1", "b-2"]);
    expect(result.snapshot).toEqual(store.current);
  });

  it("shows what a destroy would delete", async () => {
    const { result } = await after({ a: {} }, {}, { kind: "preview", previewOf: "destroy" });

    expect(result.changes).toEqual({ delete: 2 });
  });

  it("fails where nothing was to change and something does", async () => {
    const { result } = await after({ a: {} }, { a: inputs({ size: 1 }) }, { kind: "preview", expectNoChanges: true });

    expect(result.result).toBe("failed");
  });
});

describe("a refresh", () => {
  it("takes what there is into the state, and the next update puts it right", async () => {
    const cloud = new Cloud();
    const store = new MemoryStore();
    const program = programOf({ a: inputs({ size: 1 }), b: { needs: ["a"] } });
    await run(cloud, store, { program });
    cloud.objects.set("a-1", { size: 9, tier: "basic", address: "cloud://a-1" });
    cloud.objects.delete("b-2");

    const refreshed = await run(cloud, store, { kind: "refresh" });
    const outputs = store.current.resources.find(({ id }) => id === "a-1")?.outputs;
    const updated = await run(cloud, store, { program });

    expect(refreshed.steps.toSorted()).toEqual(["delete b", "same a"]);
    expect(outputs).toMatchObject({ size: 9 });
    expect(updated.steps).toEqual(["same a", "create b"]);
  });

  it("may run the program for what only the program knows, and makes nothing", async () => {
    const cloud = new Cloud();
    const store = new MemoryStore();
    await run(cloud, store, { program: programOf({ a: inputs({ size: 1 }), gone: {} }) });
    cloud.objects.set("a-1", { size: 9, tier: "basic", address: "cloud://a-1" });
    cloud.calls.length = 0;

    const refreshed = await run(cloud, store, {
      kind: "refresh",
      program: programOf({ a: inputs({ size: 1 }), fresh: {} }),
    });

    expect(refreshed.result).toBe("succeeded");
    expect(
      cloud.calls.map(({ method, id }) => `${method} ${id ?? ""}`).filter((call) => call.startsWith("read")),
    ).toEqual(["read a-1", "read gone-2"]);
    expect(cloud.objects.size).toBe(2);
    expect(store.current.resources.map(({ id }) => id)).toEqual(expect.arrayContaining(["a-1", "gone-2"]));
    expect(store.current.resources.find(({ id }) => id === "a-1")?.outputs).toMatchObject({ size: 9 });
  });

  it("comes before an update that asks for it", async () => {
    const cloud = new Cloud();
    const store = new MemoryStore();
    const program = programOf({ a: {}, b: { needs: ["a"] } });
    await run(cloud, store, { program });
    cloud.objects.delete("a-1");

    const updated = await run(cloud, store, { program, refresh: true });

    expect(updated.steps.filter((step) => !step.startsWith("refresh"))).toEqual(["create a", "update b"]);
    expect(store.saved.flatMap(faultsOf)).toEqual([]);
  });

  it("goes on when one object cannot be read, and says so", async () => {
    const cloud = new Cloud();
    const store = new MemoryStore();
    await run(cloud, store, { program: programOf({ a: {}, b: {} }) });
    cloud.interfere = ({ method, urn }) => {
      if (method === "read" && urn === urnOf("a")) throw new Error("the cloud refused");
    };

    const result = await run(cloud, store, { kind: "refresh" });

    expect(result.result).toBe("failed");
    expect(result.steps).toEqual(["same b"]);
    expect(store.current.resources.some(({ id }) => id === "a-1")).toBe(true);
  });
});

describe("an interrupted operation", () => {
  it("says next time what was under way, and goes on", async () => {
    const cloud = new Cloud();
    const before = new MemoryStore();
    await run(cloud, before, { program: programOf({ a: {} }) });
    const [stack] = before.current.resources;
    if (!stack) throw new Error("no stack");
    const store = new MemoryStore({
      resources: before.current.resources,
      pendingOperations: [
        { type: "updating", resource: { ...stack, urn: urnOf("a") } },
        { type: "creating", resource: { ...stack, urn: urnOf("b") } },
      ],
    });

    const result = await run(cloud, store, { program: programOf({ a: {} }) });

    expect(result.messages[0]).toContain(`* ${urnOf("a")}, interrupted while updating`);
    expect(result.result).toBe("succeeded");
    // Only a person can tell what became of a creation.
    expect(store.current.pendingOperations.map(({ resource }) => resource.urn)).toEqual([urnOf("b")]);
  });

  it("finishes what is under way when it is cancelled, and begins nothing more", async () => {
    const cloud = new Cloud();
    const store = new MemoryStore();
    const cancel = new AbortController();
    cloud.interfere = ({ method }, when) => {
      if (method === "create" && when === "before") cancel.abort();
    };

    const result = await run(cloud, store, { program: programOf({ a: {}, b: {} }), signal: cancel.signal });

    expect(result.result).toBe("failed");
    expect(result.messages).toEqual(["update canceled"]);
    expect([...cloud.objects.keys()]).toEqual(["a-1"]);
    expect(store.current.resources.some(({ id }) => id === "a-1")).toBe(true);
    expect(store.current.pendingOperations).toEqual([]);
  });
});

describe("hooks", () => {
  const hooked =
    (name: string, fails: boolean): Program =>
    async (context) => {
      context.monitor.registerHook({
        name: "hook",
        onDryRun: false,
        ignoreErrors: false,
        run: () => (fails ? Promise.reject(new Error("the hook threw")) : Promise.resolve()),
      });
      await context.thing("a", {}, { hooks: { [name]: ["hook"] } });
    };

  it("keep a step from happening when they fail before it", async () => {
    const cloud = new Cloud();

    const result = await run(cloud, new MemoryStore(), { program: hooked("BeforeCreate", true) });

    expect(result.messages).toEqual(['before hook "hook" failed: the hook threw', "update failed"]);
    expect(cloud.objects.size).toBe(0);
  });

  it("fail the operation when they fail after a step, which has happened", async () => {
    const cloud = new Cloud();
    const store = new MemoryStore();

    const result = await run(cloud, store, { program: hooked("AfterCreate", true) });

    expect(result.result).toBe("failed");
    expect(store.current.resources.some(({ id }) => id === "a-1")).toBe(true);
  });

  it("have to be there when the stack is destroyed", async () => {
    const cloud = new Cloud();
    const store = new MemoryStore();
    await run(cloud, store, { program: hooked("BeforeDelete", false) });

    const without = await run(cloud, store, { kind: "destroy" });
    const withProgram = await run(cloud, store, { kind: "destroy", program: hooked("BeforeDelete", false) });

    expect(without.messages.join("\n")).toContain("--run-program");
    expect(withProgram.steps).toEqual(["same a", "delete a"]);
  });

  it("try again for as long as an error hook says so", async () => {
    const cloud = new Cloud();
    let refusals = 2;
    cloud.interfere = ({ method }, when) => {
      if (method === "create" && when === "before" && refusals-- > 0) throw new Error("the cloud refused");
    };

    const result = await run(cloud, new MemoryStore(), {
      program: async (context) => {
        context.monitor.registerErrorHook({ name: "again", run: ({ errors }) => Promise.resolve(errors.length < 5) });
        await context.thing("a", {}, { hooks: { OnError: ["again"] } });
      },
    });

    expect(result.result).toBe("succeeded");
    expect([...cloud.objects.keys()]).toEqual(["a-1"]);
  });
});

describe("providers", () => {
  it("get a default of their version, with the package's configuration", async () => {
    const store = new MemoryStore();

    await run(new Cloud(), store, {
      config: { "cloud:region": "north", "cloud:key": "hush", "other:x": "y" },
      secretKeys: new Set(["cloud:key"]),
      program: async (context) => void (await context.thing("a", {}, { version: "7.48.0" })),
    });

    const provider = store.current.resources.find(({ type }) => type === "pulumi:providers:cloud");
    expect(provider).toMatchObject({
      urn: "urn:pulumi:dev::test::pulumi:providers:cloud::default_7_48_0",
      inputs: { version: "7.48.0", region: "north", key: secret("hush"), __internal: {} },
    });
    expect(provider?.outputs).not.toHaveProperty("__internal");
  });

  it("can be refused as defaults", async () => {
    const result = await run(new Cloud(), new MemoryStore(), {
      config: { "pulumi:disable-default-providers": '["cloud"]' },
      program: programOf({ a: {} }),
    });

    expect(result.messages[0]).toContain("Default provider for 'cloud' disabled");
  });

  it("answer functions", async () => {
    const result = await run(new Cloud(), new MemoryStore(), {
      program: async ({ monitor }) =>
        (await monitor.invoke({ token: "cloud:index:ask", args: { question: "?" }, dependsOn: [] })).result,
    });

    expect(result.outputs).toEqual({ question: "?", said: "yes" });
  });

  it("read the outputs of another stack", async () => {
    const result = await run(new Cloud(), new MemoryStore(), {
      readStackOutputs: (stack) => Promise.resolve({ of: stack, password: secret("hush") }),
      program: async ({ monitor }) =>
        (
          await monitor.readResource({
            type: "pulumi:pulumi:StackReference",
            name: "other",
            id: "org/test/other",
            parent: STACK,
            properties: { name: "org/test/other" },
            dependencies: [],
            additionalSecretOutputs: [],
          })
        ).properties,
    });

    expect(result.outputs).toMatchObject({
      outputs: { of: "org/test/other", password: secret("hush") },
      secretOutputNames: ["password"],
    });
  });
});
