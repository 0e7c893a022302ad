import { UserError } from "@pulumi-line-bot/kit/user-error";
import { type StackReference, parseStackReference } from "../backend/stack-reference.ts";
import { createDisplay } from "../display/display.ts";
import { shownStep } from "../display/shown-steps.ts";
import { type EngineEvent, type StackOperation, type StackOperationResult, runStackOperation } from "../engine.ts";
import type { Command } from "./arguments.ts";
import { type Context, openContext, requireStack, stackNameOf } from "./context.ts";
import { type EventLog, openEventLog } from "./event-log.ts";
import { NotConfirmed, exitCodes } from "./exit-codes.ts";
import { createPreviewDigest } from "./preview-digest.ts";
import { printJson, printLine } from "./print.ts";
import { ROOT_STACK_TYPE, makeUrn } from "../values/urn.ts";
import { interruptible } from "./signals.ts";

type Kind = "up" | "refresh" | "destroy";

const titles: Record<Kind, { doing: string; previewing: string }> = {
  up: { doing: "Updating", previewing: "Previewing update" },
  refresh: { doing: "Refreshing", previewing: "Previewing refresh" },
  destroy: { doing: "Destroying", previewing: "Previewing destroy" },
};

/** `pulumi preview`. */
export async function preview(command: Command): Promise<number> {
  const context = await openContext(command);
  await requireStack(context, command);
  return run(context, command, "up", true);
}

export const up = (command: Command): Promise<number> => operate(command, "up");
export const refresh = (command: Command): Promise<number> => operate(command, "refresh");
export const destroy = (command: Command): Promise<number> => operate(command, "destroy");

/** Previews unless told not to, then does it: nobody is asked in between. */
async function operate(command: Command, kind: Kind): Promise<number> {
  const { flags } = command;
  const context = await openContext(command);
  await requireStack(context, command);
  if (flags.on("preview-only")) return run(context, command, kind, true);
  if (!flags.on("yes") && !flags.on("skip-preview")) throw notConfirmed(kind);
  if (!flags.on("skip-preview") && !flags.on("json")) {
    const code = await run(context, command, kind, true);
    if (code !== exitCodes.success) return code;
    printLine("");
  }
  const code = await run(context, command, kind, false);
  if (kind === "destroy" && code === exitCodes.success && !flags.on("json")) await printAdvice(context, command);
  return code;
}

/** The CLI ends these with codes of their own. */
function notConfirmed(kind: Kind): UserError {
  const message =
    "--yes or --skip-preview or --preview-only must be passed in to proceed when running in non-interactive mode";
  return kind === "refresh" ? new UserError(message) : new NotConfirmed(message);
}

async function printAdvice(context: Context, command: Command): Promise<void> {
  const { name } = parseStackReference(await stackNameOf(context, command), context.project?.name);
  printLine(
    `\nThe resources in the stack have been deleted, but the history and configuration associated with the stack are still maintained.\nIf you want to remove the stack completely, run \`pulumi stack rm ${name}\`.`,
  );
}

async function run(context: Context, command: Command, kind: Kind, isPreview: boolean): Promise<number> {
  const { flags } = command;
  if (flags.list("target").length > 0 && (flags.list("exclude").length > 0 || flags.on("exclude-protected")))
    throw new UserError("--target and --exclude, or --exclude-protected, cannot be used together");
  const stack = await stackNameOf(context, command);
  const eventLog = await openEventLog(flags.text("event-log"));
  const reference = parseStackReference(stack, context.project?.name);
  const output = flags.on("json") ? jsonOutput(command, isPreview) : humanOutput(command, kind, isPreview, reference);
  let failed = false;
  try {
    const result = await interruptible((signal) =>
      runStackOperation({
        ...operationOf(context, command, kind, isPreview, stack),
        signal,
        onEvent(event) {
          failed ||= event.summaryEvent?.result === "failed";
          eventLog.write(event);
          output.onEvent(event);
        },
      }),
    );
    return exitCodeOfResult(result, failed, flags.on("expect-no-changes"));
  } finally {
    output.close();
    await closeLog(eventLog);
  }
}

/** The listener of an event log may have gone; the operation is over all the same. */
async function closeLog(log: EventLog): Promise<void> {
  await log.close().catch((error: unknown) => {
    process.stderr.write(`warning: the event log was not written to its end: ${String(error)}\n`);
  });
}

function operationOf(
  { cwd, env, backend }: Context,
  { flags }: Command,
  kind: Kind,
  isPreview: boolean,
  stack: string,
): StackOperation {
  return {
    kind: isPreview ? "preview" : kind,
    ...(isPreview && { previewOf: kind }),
    projectDir: cwd,
    stack,
    backendUrl: backend.url,
    env,
    configFile: flags.text("config-file"),
    programAddress: flags.text("client"),
    message: flags.text("message"),
    executionKind: flags.text("exec-kind"),
    executionAgent: flags.text("exec-agent"),
    options: {
      parallel: parseParallel(flags.text("parallel")),
      targets: flags.list("target"),
      targetDependents: flags.on("target-dependents"),
      excludes: flags.list("exclude"),
      excludeDependents: flags.on("exclude-dependents"),
      excludeProtected: flags.on("exclude-protected"),
      replace: flags.list("replace"),
      refresh: flags.given("refresh"),
      continueOnError: flags.on("continue-on-error"),
      // The Automation API never previews; a person has seen the preview, or said that none is wanted.
      protectedStopsDeletions: flags.text("exec-kind")?.startsWith("auto.") ?? false,
      expectNoChanges: flags.on("expect-no-changes"),
      runProgram: flags.on("run-program"),
      clearPendingCreates: flags.on("clear-pending-creates"),
    },
  };
}

function parseParallel(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const parallel = Number(text);
  if (!Number.isInteger(parallel)) throw new UserError(`--parallel takes a number, not ${JSON.stringify(text)}`);
  // 0 is the CLI's word for no limit, and less than that its word for one at a time.
  return parallel === 0 ? Number.MAX_SAFE_INTEGER : Math.max(1, parallel);
}

function exitCodeOfResult(
  { result, changes }: StackOperationResult,
  failed: boolean,
  expectNoChanges: boolean,
): number {
  if (failed) return exitCodes.error;
  const changed = Object.entries(changes).some(([op, count]) => op !== "same" && count > 0);
  if (expectNoChanges && changed) {
    process.stderr.write("error: no changes were expected but changes were proposed\n");
    return exitCodes.noChangesExpected;
  }
  return result === "succeeded" ? exitCodes.success : exitCodes.error;
}

interface Output {
  onEvent(event: EngineEvent): void;
  close(): void;
}

/** A preview as one document, anything else as one event a line. */
function jsonOutput({ flags }: Command, isPreview: boolean): Output {
  if (!isPreview) return { onEvent: printEvent, close() {} };
  const digest = createPreviewDigest({ suppressOutputs: flags.on("suppress-outputs") });
  let begun = false;
  return {
    onEvent(event) {
      begun = true;
      digest.onEvent(event);
    },
    // An operation that could not begin has an error to tell, and no plan.
    close: () => (begun ? printJson(digest.toJson(), 4) : undefined),
  };
}

/** Steps that nobody asked for are in the event log alone. */
function printEvent(event: EngineEvent): void {
  const { resourcePreEvent, resOutputsEvent, resOpFailedEvent } = event;
  const isStep = (resourcePreEvent ?? resOutputsEvent ?? resOpFailedEvent) !== undefined;
  if (!isStep || shownStep(event)) printJson(event, 0);
}

const colorModes: Record<string, () => boolean> = {
  always: () => true,
  never: () => false,
  // Knows NO_COLOR and what the terminal can do.
  auto: () => process.stdout.isTTY && process.stdout.hasColors(),
};

function wantsColor(mode: string): boolean {
  const decide = colorModes[mode];
  if (!decide) throw new UserError(`--color takes ${Object.keys(colorModes).join(", ")}, not ${JSON.stringify(mode)}`);
  return decide();
}

function humanOutput({ flags }: Command, kind: Kind, isPreview: boolean, { name, project }: StackReference): Output {
  const { doing, previewing } = titles[kind];
  const terminal = process.stdout.isTTY && !flags.on("non-interactive");
  return createDisplay({
    stream: process.stdout,
    isTerminal: terminal,
    color: wantsColor(flags.text("color") ?? "auto"),
    title: `${isPreview ? previewing : doing} (${name}):`,
    stackUrn: makeUrn({ stack: name, project, type: ROOT_STACK_TYPE, name: `${project}-${name}` }),
    preview: isPreview,
    diff: flags.on("diff"),
    showSame: flags.on("show-sames"),
    suppressOutputs: flags.on("suppress-outputs"),
    suppressProgress: flags.on("suppress-progress"),
  });
}
