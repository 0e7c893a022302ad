import { describe, expect, it } from "vitest";
import type { PropertyMap } from "../../contracts/contracts.ts";
import { Cloud, MemoryStore, run, urnOf, type Options, type Program } from "./harness.ts";
import { faultsOf } from "./integrity.ts";

type Things = Record<string, { inputs?: PropertyMap; needs?: string[] }>;

const programOf =
  (things: Things): Program =>
  async (context) => {
    for (const [name, { inputs = {}, needs = [] }] of Object.entries(things)) {
      const options: Options = { dependencies: needs.map(urnOf), propertyDependencies: { size: [] } };
      await context.thing(name, inputs, options);
    }
  };

/** Runs one program, then an operation, and gives what that did. */
async function after(first: Things, second: Things | undefined, options: Parameters<typeof run>[2]) {
  const cloud = new Cloud();
  const store = new MemoryStore();
  await run(cloud, store, { program: programOf(first) });
  const result = await run(cloud, store, { ...(second ? { program: programOf(second) } : {}), ...options });
  expect(store.saved.flatMap(faultsOf)).toEqual([]);
  const changed = result.steps.filter((step) => !step.startsWith("same"));
  const live = store.current.resources.flatMap(({ urn, id }) => (urn.includes("Thing") ? [id] : []));
  return { result, changed, live, objects: [...cloud.objects.keys()] };
}

const size = (n: number) => ({ inputs: { size: n } });
const one: Things = { a: size(1), b: { ...size(1), needs: ["a"] }, c: size(1), gone: {} };
const two: Things = { a: size(2), b: { ...size(2), needs: ["a"] }, c: size(2), fresh: {} };

describe("an operation that excludes resources", () => {
  it("changes, makes and deletes all others", async () => {
    const { changed } = await after(one, two, { excludes: [urnOf("a")] });

    expect(changed).toEqual(["update b", "update c", "create fresh", "delete gone"]);
  });

  it("leaves what depends on them alone, too, where it is told to", async () => {
    const { changed } = await after(one, two, { excludes: [urnOf("a")], excludeDependents: true });

    // Pulumi keeps all that depends on what an excluded one needs, its provider and the stack among them.
    expect(changed).toEqual(["update c", "create fresh"]);
  });

  it("keeps one that left the program, and does not make a new one", async () => {
    const { changed, live } = await after(one, two, { excludes: ["urn:**::gone", "urn:**::fresh"] });

    expect(changed).toEqual(["update a", "update b", "update c"]);
    expect(live).toContain("gone-4");
  });

  it("refuses what needs one that would have to be made first", async () => {
    const { result, objects } = await after({}, { a: {}, b: { needs: ["a"] } }, { excludes: [urnOf("a")] });

    expect(result.result).toBe("failed");
    expect(result.messages.join("\n")).toContain(`'${urnOf("b")}' depends on '${urnOf("a")}'`);
    expect(objects).toEqual([]);
  });

  it.each([
    ["b", false, ["a-1", "b-2"]],
    ["a", false, ["a-1"]],
    ["a", true, ["a-1", "b-2", "c-3", "gone-4"]],
  ])("destroys all but %s and what it needs (with dependents: %s)", async (name, excludeDependents, kept) => {
    const { live, objects } = await after(one, undefined, {
      kind: "destroy",
      excludes: [urnOf(name)],
      excludeDependents,
    });

    expect(live).toEqual(kept);
    expect(objects).toEqual(kept);
  });

  it.each([
    [false, ["b", "c", "gone"]],
    [true, ["c", "gone"]],
  ])("reads only the others in a refresh (without dependents: %s)", async (excludeDependents, read) => {
    const { result } = await after(one, undefined, { kind: "refresh", excludes: [urnOf("a")], excludeDependents });

    expect(result.steps).toEqual(read.map((name) => `same ${name}`));
  });

  it("names one that a refresh does not find", async () => {
    const { result } = await after(one, undefined, { kind: "refresh", excludes: [urnOf("nowhere")] });

    expect(result.result).toBe("failed");
    expect(result.messages[0]).toBe(`no resource named '${urnOf("nowhere")}' found`);
  });
});
