import * as v from "valibot";
import { behaviourSchema, type Behaviour } from "../behaviour.ts";
import type { Fault } from "../faults.ts";
import { action } from "./action.ts";

const delayMs = v.optional(v.pipe(v.number(), v.minValue(0)));
const times = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1);

const fault = v.variant("on", [
  v.object({
    on: v.literal("api"),
    operation: v.optional(v.string()),
    channelId: v.optional(v.string()),
    status: v.optional(v.picklist([429, 500])),
    effect: v.optional(v.picklist(["before", "after"])),
    delayMs,
    times,
  }),
  v.object({
    on: v.literal("webhook"),
    channelId: v.optional(v.string()),
    what: v.picklist(["duplicate", "reorder", "unreachable", "slow"]),
    delayMs,
    times,
  }),
]);

export const addFault = action(fault, (world, input) => {
  world.faults.add(input as Fault);
  return world.faults.list();
});

export const clearFaults = action(v.optional(v.object({})), (world) => world.faults.clear());

/** Sets what LINE leaves undocumented; see `behaviour.ts` for the meanings and defaults. */
export const setBehaviour = action(v.partial(behaviourSchema), (world, input): Behaviour =>
  Object.assign(world.behaviour, input),
);
