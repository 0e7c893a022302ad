/** Both sides of a change, deployed one after the other into a state in memory: nothing is reached, nothing is made. */
import type { Monitor } from "@pulumi-line-bot/pulumi-engine/contracts/program";
import type {
  Operation,
  ResourceState,
  Snapshot,
  Source,
  StepOp,
} from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import type { EngineEvent, StepEventMetadata } from "@pulumi-line-bot/pulumi-engine/contracts/events";
import { runOperation } from "@pulumi-line-bot/pulumi-engine/core/operation";
import { isDefaultProvider, isRootStack, parseUrn } from "@pulumi-line-bot/pulumi-engine/values/urn";
import { createEchoHost } from "./echo/host.ts";

/** One stack of one side. */
export interface StackProgram {
  project: string;
  stack: string;
  config: Record<string, string>;
  secretKeys: ReadonlySet<string>;
  source: Source;
}

export interface Deployed {
  snapshot: Snapshot;
  steps: EvaluatedStep[];
  /** Why it could not be deployed; empty if it could. */
  problems: string[];
  /** Types and functions whose rules nobody here knows. */
  unknown: string[];
}

export interface EvaluatedStep {
  op: StepOp;
  urn: string;
  /** Another one where the resource was renamed or moved. */
  formerUrn: string | undefined;
  /** Properties that force a replacement. */
  keys: string[];
  detailedDiff: StepEventMetadata["detailedDiff"];
}

export const nothingDeployed: Snapshot = { resources: [], pendingOperations: [] };

export interface DeployOptions {
  side: "base" | "head";
  signal: AbortSignal;
  /** What the other side left. */
  former?: Snapshot | undefined;
}

/** Deploys a side over what the other one left. */
export async function deployInMemory(
  program: StackProgram,
  { side, signal, former = nothingDeployed }: DeployOptions,
): Promise<Deployed> {
  const problems: string[] = [];
  const steps: EvaluatedStep[] = [];
  const unknown = new Set<string>();
  const keysOfParts = new Map<string, string[]>();
  const before: Snapshot = { ...former, resources: former.resources.map(withoutProtection) };
  const { snapshot, result } = await runOperation({
    ...settings,
    ...program,
    signal,
    kind: "update",
    source: asPreview(program.source),
    providers: createEchoHost({
      side,
      accountId: accountOf(program.config),
      onUnknown: (token) => unknown.add(token),
    }),
    store: { load: () => Promise.resolve(before), save: () => Promise.resolve() },
    onEvent: (event) => {
      const step = stepOf(event);
      if (step) steps.push(step);
      const part = event.resourcePreEvent?.metadata;
      if (part?.op === "create-replacement") keysOfParts.set(part.urn, part.keys ?? []);
      const { diagnosticEvent } = event;
      if (diagnosticEvent?.severity === "error") problems.push(problemIn(diagnosticEvent));
    },
  });
  signal.throwIfAborted();
  if (result === "failed" && problems.length === 0) problems.push("The program failed without saying why.");
  // What is replaced along with another one tells why only where it is made again.
  for (const step of steps) if (step.keys.length === 0) step.keys = keysOfParts.get(step.urn) ?? [];
  return { snapshot, steps, problems: result === "failed" ? problems : [], unknown: [...unknown].toSorted() };
}

function problemIn({ urn, message }: NonNullable<EngineEvent["diagnosticEvent"]>): string {
  const name = urn === undefined || isRootStack(urn) ? undefined : parseUrn(urn).name;
  const text = message.trim();
  return name === undefined || text.includes(name) ? text : `${name}: ${text}`;
}

const settings = {
  organization: "organization",
  parallel: 16,
  targets: [],
  targetDependents: false,
  excludes: [],
  excludeDependents: false,
  replace: [],
  refresh: false,
  continueOnError: false,
  expectNoChanges: false,
} satisfies Partial<Operation>;

/** A program that acts for itself does not in a preview. */
const asPreview = (source: Source): Source => ({
  ...source,
  run: (monitor, options) => source.run(withoutHooks(monitor), { ...options, dryRun: true }),
});

/** Nor do its hooks, unless they are for previews: one asks LINE. */
const withoutHooks = (monitor: Monitor): Monitor => ({
  ...monitor,
  registerResourceOutputs: (urn, outputs) => monitor.registerResourceOutputs(urn, outputs),
  registerHook: (hook) => monitor.registerHook(hook.onDryRun ? hook : { ...hook, run: () => Promise.resolve() }),
});

/** A change that Pulumi would refuse is to be seen whole; that it is refused, the report says itself. */
function withoutProtection({ protect: _, ...state }: ResourceState): ResourceState {
  return state;
}

/** The first account of those that the stack may be in. */
function accountOf(config: Record<string, string>): string {
  return /\d{12}/.exec(config["aws:allowedAccountIds"] ?? "")?.[0] ?? "000000000000";
}

/** What the program asked for: neither the halves of a replacement, nor providers that nobody named. */
function stepOf({ resourcePreEvent }: EngineEvent): EvaluatedStep | undefined {
  if (!resourcePreEvent) return undefined;
  const { op, urn, old, keys = [], detailedDiff } = resourcePreEvent.metadata;
  if (parts.has(op) || isDefaultProvider(urn)) return undefined;
  return { op, urn, formerUrn: old?.urn, keys, detailedDiff };
}

const parts: ReadonlySet<StepOp> = new Set([
  "create-replacement",
  "delete-replaced",
  "discard-replaced",
  "read-replacement",
  "import-replacement",
]);
