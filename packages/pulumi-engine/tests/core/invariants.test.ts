import { expect, test } from "vitest";
import type { Operation, PropertyMap } from "../../contracts/contracts.ts";
import { Cloud, MemoryStore, run, unwell, urnOf, type Options, type Program } from "./harness.ts";
import { faultsOf } from "./integrity.ts";
import { createRandom, type Random } from "./random.ts";

const CASES = Number(process.env["ENGINE_FUZZ_CASES"] ?? 2_000);
const SEED = Number(process.env["ENGINE_FUZZ_SEED"] ?? Date.now() % 2 ** 31);

interface Plan {
  name: string;
  component: boolean;
  inputs: PropertyMap;
  options: Options;
  parent: string | undefined;
  needs: string[];
  /** Which of `needs` feeds the property `zone`, so that replacements spread. */
  zoneOf: string | undefined;
  deletedWith: string | undefined;
  replaceWith: string | undefined;
}

/** A program as data, so that one that fails can be printed. */
function makePlan(random: Random): Plan[] {
  const plans: Plan[] = [];
  for (const name of "abcdefgh".slice(0, 2 + random.int(7))) {
    if (random.chance(0.25)) continue;
    const earlier = plans.filter(({ component }) => !component).map((plan) => plan.name);
    const components = plans.filter(({ component }) => component).map((plan) => plan.name);
    const needs = earlier.filter(() => random.chance(0.4));
    const component = random.chance(0.15);
    plans.push({
      name,
      component,
      parent: components.length > 0 && random.chance(0.3) ? random.pick(components) : undefined,
      needs,
      zoneOf: needs.length > 0 && random.chance(0.4) ? random.pick(needs) : undefined,
      inputs: {
        size: random.chance(0.02) ? -1 : random.int(2),
        ...(random.chance(0.3) ? { slot: String(random.int(2)) } : {}),
        ...(random.chance(0.3) ? { zone: String(random.int(2)) } : {}),
      },
      deletedWith: earlier.length > 0 && random.chance(0.1) ? random.pick(earlier) : undefined,
      replaceWith: earlier.length > 0 && random.chance(0.1) ? random.pick(earlier) : undefined,
      options: component ? {} : makeOptions(random, name),
    });
  }
  return plans;
}

function makeOptions(random: Random, name: string): Options {
  return {
    ...(random.chance(0.1) ? { protect: true } : {}),
    ...(random.chance(0.1) ? { retainOnDelete: true } : {}),
    ...(random.chance(0.2) ? { deleteBeforeReplace: random.chance(0.5) } : {}),
    ...(random.chance(0.15)
      ? { aliases: [{ name: random.pick("abcdefgh".split("").filter((other) => other >= name)) }] }
      : {}),
    ...(random.chance(0.1) ? { replacementTrigger: String(random.int(2)) } : {}),
  };
}

function toProgram(plans: Plan[], throwsAt: number): Program {
  return async (context) => {
    const made = new Map<string, Promise<{ urn: string; outputs: PropertyMap }>>();
    const all = plans.map((plan, i) => {
      const work = (async () => {
        if (i === throwsAt) throw new Error("the program threw");
        const parent = plan.parent === undefined ? {} : { parent: (await made.get(plan.parent))?.urn ?? "" };
        if (plan.component) return await context.component(plan.name, parent);
        const needed = await Promise.all(plan.needs.map(async (name) => await made.get(name)));
        const dependencies = needed.flatMap((resource) => resource?.urn ?? []);
        const of = async (other: string | undefined) => (other === undefined ? undefined : await made.get(other));
        const [zone, deletedWith, replaceWith] = await Promise.all([
          of(plan.zoneOf),
          of(plan.deletedWith),
          of(plan.replaceWith),
        ]);
        return await context.thing(
          plan.name,
          { ...plan.inputs, ...(zone ? { zone: zone.outputs["address"] ?? null } : {}) },
          {
            ...plan.options,
            ...parent,
            ...(deletedWith ? { deletedWith: deletedWith.urn } : {}),
            ...(replaceWith ? { replaceWith: [replaceWith.urn] } : {}),
            dependencies,
            propertyDependencies: { size: [], ...(zone ? { zone: [zone.urn] } : {}) },
          },
        );
      })();
      made.set(plan.name, work);
      return work;
    });
    const failed = (await Promise.allSettled(all)).find((result) => result.status === "rejected");
    if (failed) throw failed.reason as Error;
    return { count: plans.length };
  };
}

function makeOperation(random: Random, names: string[]): Partial<Operation> {
  const kind = random.pick(["update", "update", "update", "update", "refresh", "destroy", "preview"] as const);
  const some = (chance: number) => (names.length > 0 && random.chance(chance) ? [urnOf(random.pick(names))] : []);
  const targets = some(0.15);
  return {
    kind,
    parallel: random.pick([1, 4, 16]),
    continueOnError: random.chance(0.3),
    refresh: random.chance(0.15),
    targets,
    targetDependents: random.chance(0.5),
    excludes: targets.length > 0 ? [] : some(0.15),
    excludeDependents: random.chance(0.5),
    replace: some(0.1),
  };
}

/** Calls that fail before or after the fact, or half succeed. */
function makeTrouble(random: Random, cloud: Cloud): void {
  const rate = random.pick([0, 0, 0.1, 0.3]);
  cloud.interfere = async ({ method, urn, id }, when) => {
    if (random.chance(0.3)) await Promise.resolve();
    if (when === "after" && (method === "create" || method === "update") && random.chance(rate / 3)) {
      const made =
        id ??
        [...cloud.objects.keys()].findLast((key) => key.startsWith(`${urn.slice(urn.lastIndexOf(":") + 1)}-`)) ??
        "";
      throw unwell(made, cloud.objects.get(made) ?? {});
    }
    if (when === "before" && random.chance(rate / 2)) throw new Error(`the cloud refused to ${method}`);
  };
}

test(
  `keeps every deployment whole in ${CASES} generated cases (ENGINE_FUZZ_SEED=${SEED})`,
  { timeout: 300_000 },
  async () => {
    for (let i = 0; i < CASES; i++) {
      const random = createRandom(SEED + i);
      const cloud = new Cloud();
      const store = new MemoryStore();
      const history: { plans: Plan[]; operation: unknown; throwsAt: number; result: string; messages: string[] }[] = [];
      for (let round = 0; round < 3; round++) {
        const plans = makePlan(random);
        const operation = makeOperation(
          random,
          plans.map(({ name }) => name),
        );
        const throwsAt = random.chance(0.1) ? random.int(plans.length + 1) : -1;
        makeTrouble(random, cloud);
        const needsProgram = operation.kind === "update" || operation.kind === "preview" || random.chance(0.3);
        const before = store.saved.length;
        const result = await run(cloud, store, {
          ...operation,
          ...(needsProgram ? { program: toProgram(plans, throwsAt) } : {}),
        });
        history.push({ plans, operation, throwsAt, result: result.result, messages: result.messages });
        const known = new Set(store.current.resources.map(({ id }) => id));
        const forgotten = [...cloud.objects.keys()].filter((id) => !known.has(id) && !isRetained(history, id));
        const faults = [
          ...store.saved.slice(before).flatMap(faultsOf),
          ...forgotten.map((id) => `${id} was made and forgotten`),
          ...store.current.pendingOperations.map(({ type, resource }) => `${resource.urn} is still ${type}`),
        ];
        expect(faults, `seed ${SEED + i}, round ${round}: ${JSON.stringify(history)}`).toEqual([]);
      }
    }
  },
);

/**
 * Objects of resources that were ever to be kept, or that were thought to go with another, may outlive the stack:
 * whatever name they were made under.
 */
function isRetained(history: { plans: Plan[] }[], id: string): boolean {
  const plans = history.flatMap((round) => round.plans);
  const names = new Set([id.slice(0, id.indexOf("-"))]);
  for (let size = 0; size < names.size;) {
    size = names.size;
    for (const { name, options } of plans) {
      if ((options.aliases ?? []).some((alias) => alias.name !== undefined && names.has(alias.name))) names.add(name);
    }
  }
  return plans.some(({ name, options, deletedWith }) => (options.retainOnDelete || deletedWith) && names.has(name));
}
