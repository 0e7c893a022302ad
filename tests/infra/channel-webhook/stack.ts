/** A stack with one resource, as an engine would keep it, around the provider's own functions. */
import type { Properties } from "../../../infra/channel-webhook/inputs.ts";
import type { Claims } from "../../../infra/channel-webhook/claims.ts";
import type { ProviderWorld } from "../../../infra/channel-webhook/session.ts";
import {
  check,
  create,
  diff,
  Incomplete,
  read,
  remove,
  update,
} from "../../../infra/channel-webhook/webhook-provider.ts";

export interface Resource {
  id: string;
  inputs: Properties;
  outputs: Properties;
  /** Why the last operation on it failed half-way. */
  initErrors: string[];
}

export type Step = "create" | "update" | "replace" | "same";

class CheckFailed extends Error {
  override readonly name = "CheckFailed";
}

export interface Stack {
  resource: Resource | undefined;
  /** Replaced, and not deleted yet. */
  condemned: Resource[];
  /** What the next `up` would do; no world, so no network. */
  preview(inputs: Properties): Step;
  up(inputs: Properties): Promise<Step>;
  /** A replacement although nothing changed, as `--replace` asks for. */
  replace(inputs: Properties): Promise<void>;
  refresh(): Promise<"update" | "same">;
  destroy(): Promise<void>;
  /** Kills the process in which the resource runs, and waits for the operation to end of it. */
  kill?(): Promise<void>;
}

/** Each operation is a process of its own: what it claims is forgotten with it. */
export function createStack(createWorld: () => Omit<ProviderWorld, "claims">): Stack {
  const begin = (): ProviderWorld => ({ ...createWorld(), claims: new Map() });
  const toStep = (inputs: Properties): Step => {
    if (stack.resource === undefined) return "create";
    const { changes, replaces = [] } = diff(wire(stack.resource.outputs), wire(inputs));
    if (replaces.length > 0) return "replace";
    return changes || stack.resource.initErrors.length > 0 ? "update" : "same";
  };
  const checked = (claims: Claims, inputs: Properties): Properties => {
    const { inputs: news, failures } = check(claims, wire({ ...inputs, __provider: "the shim's text" }));
    if (failures.length === 0) return news;
    throw new CheckFailed(failures.map(({ property, reason }) => `${property}: ${reason}`).join("\n"));
  };
  const creation = async (world: ProviderWorld, inputs: Properties) => {
    const former = stack.resource;
    await keeping(inputs, undefined, async () => {
      const { id, outs } = await create(world, wire(inputs));
      return { id, outputs: outs };
    }).finally(() => {
      if (former !== undefined && stack.resource !== former) stack.condemned.push(former);
    });
  };
  /** An engine's last steps: what was replaced now or in an operation that was broken off. */
  const removeCondemned = async (world: ProviderWorld) => {
    for (const old of stack.condemned) await remove(world, old.id, wire(old.outputs));
    stack.condemned = [];
  };
  /** Does what the engine does: a failure with an id and properties is kept, any other changes nothing. */
  const keeping = async (
    inputs: Properties,
    former: Resource | undefined,
    act: () => Promise<{ id: string; outputs: Properties }>,
  ) => {
    try {
      const { id, outputs } = await act();
      stack.resource = { id, inputs, outputs: wire({ ...outputs, __provider: inputs["__provider"] }), initErrors: [] };
    } catch (error) {
      if (!(error instanceof Incomplete)) throw error;
      const { id, properties, reasons } = error;
      const kept = former?.inputs ?? inputs;
      stack.resource = { id, inputs: kept, outputs: wire(properties), initErrors: reasons };
      throw error;
    }
  };
  const stack: Stack = {
    resource: undefined,
    condemned: [],
    preview: (inputs) => toStep(checked(new Map(), inputs)),
    async up(inputs) {
      const world = begin();
      const news = checked(world.claims, inputs);
      const step = toStep(news);
      const { resource } = stack;
      if (step === "create" || step === "replace") await creation(world, news);
      if (resource !== undefined && step === "same") stack.resource = { ...resource, inputs: news };
      if (resource !== undefined && step === "update") {
        await keeping(news, resource, async () => {
          const { outs } = await update(world, resource.id, wire(resource.outputs), wire(news));
          return { id: resource.id, outputs: outs };
        });
      }
      await removeCondemned(world);
      return step;
    },
    async replace(inputs) {
      const world = begin();
      await creation(world, checked(world.claims, inputs));
      await removeCondemned(world);
    },
    async refresh() {
      const { resource } = stack;
      if (resource === undefined) return "same";
      const { id, props, inputs } = await read(begin(), resource.id, wire(resource.outputs));
      const outputs = wire({ ...props, __provider: resource.outputs["__provider"] });
      const { changes } = diff(outputs, wire(resource.inputs));
      stack.resource = { id, inputs: wire({ ...inputs, __provider: outputs["__provider"] }), outputs, initErrors: [] };
      return changes ? "update" : "same";
    },
    async destroy() {
      const world = begin();
      if (stack.resource !== undefined) await remove(world, stack.resource.id, wire(stack.resource.outputs));
      stack.resource = undefined;
    },
  };
  return stack;
}

/** Through JSON and in another order, as properties come over the wire. */
function wire(properties: Properties): Properties {
  const entries = Object.entries(JSON.parse(JSON.stringify(properties)) as Properties);
  return Object.fromEntries(entries.toReversed());
}
