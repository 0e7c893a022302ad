/** A program of 32 resources, broken off at every call of a provider, at every write, and at every registration. */
import { describe, expect, it } from "vitest";
import type { PropertyMap, Snapshot } from "../../contracts/contracts.ts";
import { Cloud, MemoryStore, run, urnOf, type Call, type Program } from "./harness.ts";
import { faultsOf } from "./integrity.ts";

const NAMES = Array.from({ length: 32 }, (_, i) => `r${i}`);

/** A tree: each needs the one at half its index. `change` updates some, replaces some, and drops the last four. */
function programOf(change: boolean, at: (index: number) => Promise<void> | void = () => undefined): Program {
  return async (context) => {
    const made: Promise<{ urn: string; outputs: PropertyMap }>[] = [];
    for (const [i, name] of (change ? NAMES.slice(0, 28) : NAMES).entries()) {
      made.push(
        (async () => {
          const need = i > 0 ? await made[Math.floor((i - 1) / 2)] : undefined;
          await at(i);
          return await context.thing(
            name,
            {
              size: change && i % 3 === 0 ? 2 : 1,
              ...(i % 7 === 3 ? { zone: String(change) } : {}),
              ...(i % 11 === 5 ? { slot: String(change) } : {}),
              ...(need ? { of: need.outputs["address"] ?? null } : {}),
            },
            { dependencies: need ? [need.urn] : [], propertyDependencies: need ? { of: [need.urn] } : {} },
          );
        })(),
      );
    }
    const failed = (await Promise.allSettled(made)).find((result) => result.status === "rejected");
    if (failed) throw failed.reason as Error;
  };
}

interface Phase {
  name: string;
  before: () => Promise<{ cloud: Cloud; snapshot: Snapshot }>;
  kind: "update" | "destroy";
  program?: Program;
  /** What is there when all went well. */
  survivors: number;
}

async function deployed(): Promise<{ cloud: Cloud; snapshot: Snapshot }> {
  const cloud = new Cloud();
  const store = new MemoryStore();
  await run(cloud, store, { program: programOf(false) });
  cloud.calls.length = 0;
  return { cloud, snapshot: store.current };
}
const empty = (): Promise<{ cloud: Cloud; snapshot: Snapshot }> =>
  Promise.resolve({ cloud: new Cloud(), snapshot: { resources: [], pendingOperations: [] } });

const PHASES: Phase[] = [
  { name: "creating", before: empty, kind: "update", program: programOf(false), survivors: 32 },
  { name: "changing", before: deployed, kind: "update", program: programOf(true), survivors: 28 },
  { name: "destroying", before: deployed, kind: "destroy", survivors: 0 },
];

const operationOf = ({ kind, program }: Phase): Parameters<typeof run>[2] => ({
  kind,
  ...(program ? { program } : {}),
});

async function measure(phase: Phase): Promise<{ calls: number; writes: number }> {
  const { cloud, snapshot } = await phase.before();
  const store = new MemoryStore(snapshot);
  expect((await run(cloud, store, operationOf(phase))).result).toBe("succeeded");
  expect(cloud.objects.size).toBe(phase.survivors);
  return { calls: cloud.calls.length, writes: store.saved.length };
}

/** Objects that neither the state nor the list of interrupted creations knows. */
function forgotten(cloud: Cloud, { resources, pendingOperations }: Snapshot): string[] {
  const known = new Set(resources.map(({ id }) => id));
  const creating = new Set(
    pendingOperations.filter(({ type }) => type === "creating").map(({ resource }) => resource.urn),
  );
  return [...cloud.objects.keys()].filter((id) => !known.has(id) && !creating.has(urnOf(id.slice(0, id.indexOf("-")))));
}

const NEVER = new Promise<never>(() => undefined);

/** A fresh engine on what was left comes to the state that the phase was after. */
async function converges(phase: Phase, cloud: Cloud, snapshot: Snapshot): Promise<string[]> {
  const orphans = snapshot.pendingOperations.filter(({ type }) => type === "creating").length;
  const store = new MemoryStore(snapshot);
  const next = await run(cloud, store, operationOf(phase));
  const live = store.current.resources.filter(({ id }) => id !== undefined && cloud.objects.has(id));
  const problems = [...store.saved.flatMap(faultsOf), ...(next.result === "succeeded" ? [] : next.messages)];
  if (live.length !== phase.survivors)
    problems.push(`${live.length} objects are left in the state, not ${phase.survivors}`);
  if (cloud.objects.size > phase.survivors + orphans)
    problems.push(`${cloud.objects.size} objects are left in the cloud`);
  const said = next.messages.join("\n");
  for (const { type, resource } of snapshot.pendingOperations)
    if (!said.includes(`${resource.urn}, interrupted while ${type}`))
      problems.push(`nobody was told of ${type} ${resource.urn}`);
  return problems;
}

const PENDING = { create: "creating", update: "updating", delete: "deleting" } as const;

describe.each(PHASES)("broken off while $name", { timeout: 300_000 }, (phase) => {
  it.each(["before", "after"] as const)(
    "at any call of a provider, %s it happened, leaves a whole state that says so",
    async (when) => {
      const { calls } = await measure(phase);
      for (let n = 0; n < calls; n++) {
        const { cloud, snapshot } = await phase.before();
        const store = new MemoryStore(snapshot);
        const reached = Promise.withResolvers<Call>();
        let count = 0;
        let gone = false;
        cloud.interfere = async (call, moment) => {
          if (gone) await NEVER;
          if (moment !== when || count++ !== n) return;
          gone = true;
          reached.resolve(call);
          await NEVER;
        };
        store.beforeSave = async () => {
          if (gone) await NEVER;
        };
        void run(cloud, store, operationOf(phase));

        const call = await reached.promise;
        const left = structuredClone(store.current);
        cloud.interfere = () => undefined;

        const problems = [...faultsOf(left), ...forgotten(cloud, left)];
        const pending = PENDING[call.method as keyof typeof PENDING];
        if (
          pending &&
          !left.pendingOperations.some(({ type, resource }) => type === pending && resource.urn === call.urn)
        )
          problems.push(`${call.method} ${call.urn} was under way, and is not in the state`);
        problems.push(...(await converges(phase, cloud, left)));
        expect(problems, `call ${n}: ${JSON.stringify(call)}`).toEqual([]);
      }
    },
  );

  it("at any write that fails for good, forgets nothing", async () => {
    const { writes } = await measure(phase);
    for (let n = 0; n < writes; n++) {
      const { cloud, snapshot } = await phase.before();
      const store = new MemoryStore(snapshot);
      let count = 0;
      store.beforeSave = () => {
        if (count++ >= n) throw new Error("no space left on device");
      };

      const result = await run(cloud, store, operationOf(phase));

      const left = structuredClone(store.current);
      const problems = [...faultsOf(left), ...forgotten(cloud, left)];
      if (result.result !== "failed" || !result.messages.join("\n").includes("no space left on device"))
        problems.push("the failure was not told");
      problems.push(...(await converges(phase, cloud, left)));
      expect(problems, `write ${n}`).toEqual([]);
    }
  });

  it("at any call that fails, can be done again", async () => {
    const { calls } = await measure(phase);
    for (let n = 0; n < calls; n++) {
      const { cloud, snapshot } = await phase.before();
      const store = new MemoryStore(snapshot);
      let count = 0;
      cloud.interfere = (_, moment) => {
        if (moment === "before" && count++ === n) throw new Error("the cloud refused");
      };

      const result = await run(cloud, store, operationOf(phase));

      cloud.interfere = () => undefined;
      const problems = [...store.saved.flatMap(faultsOf), ...forgotten(cloud, store.current)];
      if (result.result !== "failed") problems.push("it did not fail");
      if (store.current.pendingOperations.length > 0)
        problems.push("something is still pending, although it is known to have failed");
      problems.push(...(await converges(phase, cloud, store.current)));
      expect(problems, `call ${n}`).toEqual([]);
    }
  });
});

describe("a program", () => {
  it("that throws at any registration leaves a state to go on from", async () => {
    for (let n = 0; n < NAMES.length; n++) {
      const cloud = new Cloud();
      const store = new MemoryStore();
      const throws = programOf(false, (i) => {
        if (i === n) throw new Error("the program threw");
      });

      const result = await run(cloud, store, { program: throws });

      expect(result.messages.filter((message) => message === "the program threw")).toHaveLength(1);
      expect([...store.saved.flatMap(faultsOf), ...forgotten(cloud, store.current)]).toEqual([]);
      expect(
        await converges(
          { name: "", before: empty, kind: "update", program: programOf(false), survivors: 32 },
          cloud,
          store.current,
        ),
      ).toEqual([]);
    }
  });

  it("that hangs at any registration can be cancelled", async () => {
    for (let n = 0; n < NAMES.length; n++) {
      const cloud = new Cloud();
      const store = new MemoryStore();
      const cancel = new AbortController();
      const hangs = programOf(false, async (i) => {
        if (i !== n) return;
        cancel.abort();
        await NEVER;
      });

      const result = await run(cloud, store, { program: hangs, signal: cancel.signal });

      expect(result.messages).toEqual(["update canceled"]);
      expect([...store.saved.flatMap(faultsOf), ...forgotten(cloud, store.current)]).toEqual([]);
    }
  });
});
