import * as v from "valibot";
import { refuse, type World } from "../world.ts";
import type { Action } from "./action.ts";
import * as accounts from "./accounts.ts";
import { friendLink } from "./friend-link.ts";
import { block, follow } from "./friends.ts";
import { createGroup, inviteBot, joinMembers, leaveMembers, removeBot } from "./group-changes.ts";
import { sendAudio, sendFile, sendImages, sendVideo } from "./media.ts";
import * as otherEvents from "./other-events.ts";
import { messages, overview } from "./reading.ts";
import * as settings from "./settings.ts";
import { addFault, clearFaults, setBehaviour } from "./switches.ts";
import { editText, postback, unsend } from "./tapping.ts";
import { sendLocation, sendSticker, sendText } from "./writing.ts";

/** What people can do, by name: functions of the simulator's `console` and routes under `/console/`. */
const actions = {
  overview,
  messages,
  sendText,
  sendSticker,
  sendLocation,
  sendImages,
  sendVideo,
  sendAudio,
  sendFile,
  ...otherEvents,
  postback,
  unsend,
  editText,
  follow,
  block,
  createGroup,
  inviteBot,
  removeBot,
  joinMembers,
  leaveMembers,
  friendLink,
  ...settings,
  ...accounts,
  addFault,
  clearFaults,
  setBehaviour,
};

type Actions = typeof actions;

/** The table's functions, each with its checked input and a promise of its result. */
export type ConsoleActions = {
  [Name in keyof Actions]: Actions[Name] extends Action<infer Schema, infer Result>
    ? undefined extends v.InferInput<Schema>
      ? (input?: v.InferInput<Schema>) => Promise<Awaited<Result>>
      : (input: v.InferInput<Schema>) => Promise<Awaited<Result>>
    : never;
};

/** Actions that only look: they leave no trace. */
const looks: ReadonlySet<string> = new Set(["overview", "messages"]);

export const isAction = (name: string): name is keyof Actions => Object.hasOwn(actions, name);

/** @throws {LineError} 400 for input that does not fit. */
export async function runAction(world: World, name: keyof Actions, input: unknown): Promise<unknown> {
  // Each action's own schema has checked what its `run` gets.
  const { schema, run } = actions[name] as unknown as Action;
  const parsed = v.safeParse(schema, input);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw refuse(`${name}: ${v.getDotPath(issue) ?? "the input"}: ${issue.message}`);
  }
  if (!looks.has(name)) {
    const { channelId } = (parsed.output ?? {}) as { channelId?: string };
    world.traces.add({ kind: "console", action: name, ...(channelId !== undefined && { channelId }) });
  }
  return run(world, parsed.output);
}

export function createConsoleActions(world: World): ConsoleActions {
  const functions = Object.keys(actions).map((name) => [
    name,
    // Copied: what the caller got stays as it was, and is not the simulator's own.
    async (input?: unknown) => structuredClone(await runAction(world, name as keyof Actions, input)),
  ]);
  return Object.fromEntries(functions) as ConsoleActions;
}
