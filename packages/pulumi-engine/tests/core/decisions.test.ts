/** Decisions at the seams between options, in the words of Pulumi's step generator and resource monitor. */
import { describe, expect, it } from "vitest";
import { Cloud, MemoryStore, run, STACK, unwell, urnOf, type Program } from "./harness.ts";
import { faultsOf } from "./integrity.ts";

/** Runs one program, then another, and gives what the second run did. */
async function after(first: Program, second: Program, options: Parameters<typeof run>[2] = {}, cloud = new Cloud()) {
  const store = new MemoryStore();
  await run(cloud, store, { program: first });
  cloud.calls.length = 0;
  const result = await run(cloud, store, { program: second, ...options });
  expect(store.saved.flatMap(faultsOf)).toEqual([]);
  const stateOf = (name: string) => store.current.resources.find(({ urn }) => urn.endsWith(`::${name}`));
  return { result, store, stateOf, calls: cloud.calls.map(({ method, urn }) => `${method} ${urn.split("::").at(-1)}`) };
}

describe("targets", () => {
  it("share their lot with their dependents, and not with all that the stack and the providers hold", async () => {
    const sized =
      (size: number): Program =>
      async (context) => {
        await context.thing("a", { size });
        const b = await context.thing("b", { size });
        await context.thing("c", { size }, { dependencies: [b.urn] });
      };

    const { result } = await after(sized(1), sized(2), { targets: [urnOf("b")], targetDependents: true });

    expect(result.steps).toEqual(["same a", "update b", "update c"]);
  });

  it("cannot be updated while another resource changes its provider", async () => {
    const versioned =
      (version: string): Program =>
      async (context) => {
        await context.thing("a", { size: version }, { version: "1.0.0" });
        await context.thing("b", {}, { version });
      };

    const { result } = await after(versioned("2.0.0"), versioned("3.0.0"), { targets: [urnOf("a")] });

    expect(result.result).toBe("failed");
    expect(result.messages[0]).toContain(`for resource ${urnOf("b")} has not been registered yet`);
    expect(result.steps).toEqual(["update a"]);
  });

  it("leave a renamed resource under its former name, which its children find", async () => {
    const grouped: Program = async (context) => {
      const group = await context.component("group");
      const a = await context.thing("a", {}, { parent: group.urn });
      await context.thing("below", {}, { parent: a.urn });
      await context.thing("target", { size: 1 });
    };
    const former = "urn:pulumi:dev::test::test:index:Group$cloud:index:Thing::a";
    const flat: Program = async (context) => {
      const a = await context.thing("a", {}, { aliases: [{ urn: former }] });
      await context.thing("below", {}, { parent: a.urn });
      await context.thing("target", { size: 2 });
    };

    const { result, stateOf } = await after(grouped, flat, { targets: [urnOf("target")] });

    expect(result.steps).toEqual(["same a", "same below", "update target"]);
    expect(stateOf("a")?.urn).toBe(former);
  });

  it("have to be in the state for a refresh that comes first", async () => {
    const { result, calls } = await after(
      async (context) => void (await context.thing("a")),
      async (context) => void (await context.thing("fresh")),
      { targets: [urnOf("fresh")], refresh: true },
    );

    expect(result.messages[0]).toContain(`Target '${urnOf("fresh")}' could not be found in the stack.`);
    expect(calls).toEqual([]);
  });
});

describe("a component", () => {
  it("has no provider, and gives none to its children", async () => {
    const program: Program = async (context) => {
      const custom = await context.thing("a", {}, { version: "2.0.0" });
      const group = await context.component("group", { parent: custom.urn });
      await context.thing("b", {}, { parent: group.urn, version: "3.0.0" });
    };

    const { stateOf } = await after(program, program);

    expect(stateOf("group")?.provider).toBeUndefined();
    expect(stateOf("a")?.provider).toContain("default_2_0_0");
    expect(stateOf("b")?.provider).toContain("default_3_0_0");
  });

  it("keeps inputs whose change is ignored, without being updated", async () => {
    const sized =
      (size: number): Program =>
      async (context) =>
        void (await context.register("test:index:Group", "group", { size }, { ignoreChanges: ["size"] }));

    const { result, stateOf } = await after(sized(1), sized(2));

    expect(result.changes).toEqual({ same: 2 });
    expect(stateOf("group")?.inputs).toEqual({ size: 2 });
  });
});

describe("an alias", () => {
  it("of a parent in another project is none of its children", async () => {
    const before: Program = async (context) => {
      const group = await context.component("old");
      await context.thing("a", {}, { parent: group.urn });
    };
    const renamed: Program = async (context) => {
      const group = await context.component("group", { aliases: [{ name: "old", project: "other" }] });
      await context.thing("a", {}, { parent: group.urn });
    };
    const cloud = new Cloud();
    const store = new MemoryStore();
    await run(cloud, store, { program: before });
    const elsewhere = JSON.parse(JSON.stringify(store.current).replaceAll("dev::test::test", "dev::other::test"));

    const result = await run(cloud, new MemoryStore(elsewhere), { program: renamed });

    expect(result.steps).toEqual(["create a", "delete a"]);
  });

  it("that another resource claimed is refused after the provider has checked the resource", async () => {
    const { result, calls } = await after(
      async (context) => void (await context.thing("a")),
      async (context) => {
        await context.thing("b", {}, { aliases: [{ name: "a" }] });
        await context.thing("a");
      },
    );

    expect(result.messages[0]).toContain(`Duplicate resource URN '${urnOf("a")}' conflicting with alias`);
    expect(calls).toEqual(["check b", "diff b", "check a"]);
  });
});

describe("a refresh that runs the program", () => {
  it("takes options and the provider from the program, and the object from the cloud", async () => {
    const cloud = new Cloud();
    const { result, stateOf } = await after(
      async (context) => void (await context.thing("a", { size: 1 }, { version: "1.0.0" })),
      async (context) => {
        cloud.objects.set("a-1", { size: 9 });
        await context.thing("a", { size: 2 }, { protect: true, version: "2.0.0" });
      },
      { kind: "refresh" },
      cloud,
    );

    expect(result.steps).toEqual(["same a"]);
    expect(stateOf("a")).toMatchObject({ protect: true, inputs: { size: 1 }, outputs: { size: 9 } });
    expect(stateOf("a")?.provider).toContain("default_2_0_0");
  });
});

describe("a read", () => {
  it("of an object that is not well keeps it, and fails", async () => {
    const cloud = new Cloud();
    cloud.interfere = ({ method }) => {
      if (method === "read") throw unwell("there-1", { size: 3 });
    };
    const { result, stateOf } = await after(
      () => Promise.resolve(),
      async ({ monitor }) =>
        void (await monitor.readResource({
          type: "cloud:index:Thing",
          name: "there",
          id: "there-1",
          parent: STACK,
          properties: {},
          dependencies: [],
          additionalSecretOutputs: [],
        })),
      {},
      cloud,
    );

    expect(result.result).toBe("failed");
    expect(stateOf("there")).toMatchObject({
      external: true,
      outputs: { size: 3 },
      initErrors: ["it did not come up"],
    });
  });
});

it("keeps what a program says for reads and readers: their time, and differences to leave out", async () => {
  const cloud = new Cloud();
  const waits: (number | undefined)[] = [];
  const host = cloud.host();
  const provider = cloud.provider();
  const read: typeof provider.read = (request) => {
    waits.push(request.timeoutSeconds);
    return provider.read(request);
  };
  host.open = async (...asked) => ({
    ...(await cloud.host().open(...asked)),
    configure: () => Promise.resolve({ ...provider, read }),
  });
  const program: Program = async (context) =>
    void (await context.thing("a", {}, { customTimeouts: { read: 20 }, hideDiffs: ["size"] }));

  const { stateOf } = await after(program, program, { kind: "refresh", providers: host }, cloud);

  expect(waits).toEqual([20]);
  expect(stateOf("a")).toMatchObject({ customTimeouts: { read: 20 }, hideDiff: ["size"] });
});

describe("a function in a preview", () => {
  it.each([
    ["waits for the parts of a component", "group", {}],
    ["does not wait for the children of a resource that is there", "a", { said: "yes" }],
  ])("%s", async (_, dependency, outputs) => {
    const program =
      (grows: boolean): Program =>
      async (context) => {
        const a = await context.thing("a");
        const group = await context.component("group");
        const needs: Record<string, string> = { a: a.urn, group: group.urn };
        if (!grows) return {};
        await context.thing("below-a", {}, { parent: a.urn });
        await context.thing("below-group", {}, { parent: group.urn });
        const dependsOn = [needs[dependency] ?? ""];
        return (await context.monitor.invoke({ token: "cloud:index:ask", args: {}, dependsOn })).result;
      };

    const cloud = new Cloud();
    const store = new MemoryStore();
    await run(cloud, store, { program: program(false) });
    const result = await run(cloud, store, { program: program(true), kind: "preview" });

    expect(result.outputs).toEqual(outputs);
  });
});

it("refuses properties to replace on that are no path", async () => {
  const sized =
    (size: number): Program =>
    async (context) =>
      void (await context.thing("a", { size }, { replaceOnChanges: ["size["] }));

  const { result } = await after(sized(1), sized(2));

  expect(result.messages[0]).toContain('"size["');
});
