import { createProviderHost, parseAttachedProviders } from "./adapters/provider-host.ts";
import type { UpdateRecord } from "./backend/history.ts";
import { createStackStore } from "./backend/stack-store.ts";
import { organization } from "./backend/stack-reference.ts";
import type { OperationResult, PropertyMap, Snapshot } from "./contracts/contracts.ts";
import type { EngineEvent } from "./contracts/events.ts";
import { runOperation } from "./core/operation.ts";
import { containsSecrets, withoutMarks } from "./values/properties.ts";
import { createSource, findProgram, prepareProgram } from "./program.ts";
import { holdsSecure } from "./project/config-value.ts";
import { tryFindAutonamer } from "./project/autonaming.ts";
import { findProject } from "./project/project-file.ts";
import { resolveStackConfig } from "./project/stack-config.ts";
import { type Environment, type StackWorkspace, findBackend, keepSalt, openStack } from "./workspace.ts";

export type { EngineEvent } from "./contracts/events.ts";

/** One operation on one stack, as `pulumi preview`, `up`, `refresh` and `destroy` do it. */
export interface StackOperation {
  kind: "preview" | "up" | "refresh" | "destroy";
  /** What a preview is of; an update if it is not said. */
  previewOf?: "up" | "refresh" | "destroy";
  /** Holds `Pulumi.yaml`, or is below the folder that does. */
  projectDir: string;
  stack: string;
  /** `file://<folder>`; the environment's `PULUMI_BACKEND_URL` if it is not said. */
  backendUrl?: string;
  /** For the program, its dynamic providers, and the passphrase; this process's own if it is not said. */
  env?: Environment;
  /** Ports of providers that run already, by package; the environment's `PULUMI_DEBUG_PROVIDERS` if it is not said. */
  attachedProviders?: Record<string, number>;
  /** Plain settings laid over the stack file's, which is not changed. */
  configOverrides?: Record<string, string>;
  /** Instead of `Pulumi.<stack>.yaml`. */
  configFile?: string | undefined;
  /** Makes the stack where there is none. */
  createStack?: boolean;
  /** Takes a lock away that a dead process left, instead of refusing. */
  removeDeadLock?: boolean;
  options?: OperationOptions;
  /** A `LanguageRuntime` that runs the program, of Pulumi's Automation API; the project's own program if not said. */
  programAddress?: string | undefined;
  /** Kept in the stack's history. */
  message?: string | undefined;
  executionKind?: string | undefined;
  executionAgent?: string | undefined;
  onEvent?: (event: EngineEvent) => void;
  /** Aborted: what is under way is finished, nothing more begins. */
  signal?: AbortSignal;
}

interface OperationOptions {
  /** 16 if it is not said. */
  parallel?: number | undefined;
  targets?: string[];
  targetDependents?: boolean;
  excludes?: string[];
  excludeDependents?: boolean;
  /** A destroy leaves what is protected, with all that it needs. */
  excludeProtected?: boolean;
  replace?: string[];
  refresh?: boolean | undefined;
  continueOnError?: boolean;
  /** Looks at all that is to go first: where one is protected, nothing is deleted. Default: true. */
  protectedStopsDeletions?: boolean;
  expectNoChanges?: boolean;
  /** Runs the program in a refresh or destroy, too. */
  runProgram?: boolean;
  /** Forgets creations that an earlier operation began and nobody knows the end of. */
  clearPendingCreates?: boolean;
}

export interface StackOperationResult {
  result: OperationResult["result"];
  /** How often each step was taken. */
  changes: OperationResult["changes"];
  /** The stack's outputs afterwards, secrets in the clear. */
  outputs: PropertyMap;
  /** Which of them are secret, in whole or in part. */
  secretOutputs: string[];
}

const kinds = { preview: "preview", up: "update", refresh: "refresh", destroy: "destroy" } as const;

/**
 * Runs an operation to its end. What fails within it is reported by events and by `result`.
 * @throws {UserError} when it cannot begin: no project, no stack, a lock, a state or setting that cannot be used.
 */
export async function runStackOperation(operation: StackOperation): Promise<StackOperationResult> {
  const env = operation.env ?? process.env;
  const project = await findProject(operation.projectDir);
  const backend = await findBackend(project, operation.projectDir, env, operation.backendUrl);
  const workspace = await openStack({
    project,
    backend,
    stack: operation.stack,
    env,
    configFile: operation.configFile,
    create: operation.createStack,
  });
  // It takes a tenth of a second to derive the key; meanwhile the stack is locked and read. Anyone who needs it gets the error.
  if (Object.values(workspace.file.config()).some(holdsSecure)) workspace.secrets.unlock().catch(() => {});
  await keepSalt(workspace.file, workspace.secrets);
  if (operation.kind === "preview") return execute(operation, workspace, env);
  return recorded(operation, workspace, () => execute(operation, workspace, env));
}

async function execute(
  operation: StackOperation,
  workspace: StackWorkspace,
  env: Environment,
): Promise<StackOperationResult> {
  const { project, stack, file, secrets, backend } = workspace;
  const { kind, previewOf, options = {}, configOverrides = {} } = operation;
  const store = createStackStore({ backend, stack, secrets, env });
  const [program, stored] = await Promise.all([findProgram(project), store.read()]);
  const providers = createProviderHost({
    programDir: program.pwd,
    project: project.name,
    attached: operation.attachedProviders ?? parseAttachedProviders(env["PULUMI_DEBUG_PROVIDERS"]),
    env,
    // It takes as long to start as the program does; where it will be needed, it does while secrets are decrypted.
    startDynamic: stored?.resources?.some(({ type }) => type === dynamicProviderType) ?? false,
  });
  const needsProgram = (kind === "preview" ? (previewOf ?? "up") : kind) === "up" || options.runProgram === true;
  const runner = { project, program, env, client: operation.programAddress };
  let prepared: ReturnType<typeof prepareProgram>;
  try {
    // It loads the SDK while secrets are decrypted.
    if (needsProgram) prepared = prepareProgram(runner);
    const [settings, snapshot] = await Promise.all([
      resolveStackConfig({ project, stack: stack.name, file, secrets, overrides: configOverrides }),
      store.decode(stored),
    ]);
    const deployment = { organization, stack: stack.name, ...settings };
    const result = await runOperation({
      kind: kinds[kind],
      ...(previewOf && { previewOf: kinds[previewOf] }),
      ...deployment,
      project: project.name,
      autonaming: tryFindAutonamer({ ...deployment, project: project.name }),
      ...(needsProgram && {
        source: createSource({ ...deployment, ...runner, runner: prepared }),
      }),
      providers,
      store: {
        load: () => Promise.resolve(options.clearPendingCreates ? withoutPendingCreates(snapshot) : snapshot),
        prepare: () => store.prepare?.() ?? Promise.resolve(),
        save: (state) => store.save(state),
      },
      parallel: options.parallel ?? defaultParallel,
      targets: options.targets ?? [],
      targetDependents: options.targetDependents ?? false,
      excludes: [...(options.excludes ?? []), ...(options.excludeProtected ? protectedUrns(snapshot) : [])],
      excludeDependents: options.excludeDependents ?? false,
      replace: options.replace ?? [],
      refresh: options.refresh ?? project.refreshAlways,
      continueOnError: options.continueOnError ?? false,
      protectedStopsDeletions: options.protectedStopsDeletions ?? true,
      expectNoChanges: options.expectNoChanges ?? false,
      onEvent: operation.onEvent ?? (() => {}),
      signal: operation.signal ?? new AbortController().signal,
    });
    return toResult(result);
  } finally {
    await Promise.all([prepared?.close(), providers.close(), store.close()]);
  }
}

const dynamicProviderType = "pulumi:providers:pulumi-nodejs";
const defaultParallel = 16;

function withoutPendingCreates(snapshot: Snapshot): Snapshot {
  return { ...snapshot, pendingOperations: snapshot.pendingOperations.filter(({ type }) => type !== "creating") };
}

const protectedUrns = ({ resources }: Snapshot): string[] =>
  resources.filter(({ protect }) => protect).map(({ urn }) => urn);

/** An operation under the stack's lock, kept in its history. */
async function recorded(
  operation: StackOperation,
  { backend, stack, file }: StackWorkspace,
  work: () => Promise<StackOperationResult>,
): Promise<StackOperationResult> {
  const lock = await backend.lock(stack, { replaceDead: operation.removeDeadLock ?? false });
  const record = {
    kind: kinds[operation.kind] as UpdateRecord["kind"],
    startTime: now(),
    message: operation.message ?? "",
    environment: {
      "exec.kind": operation.executionKind ?? "cli",
      ...(operation.executionAgent && { "exec.agent": operation.executionAgent }),
    },
    config: file.config(),
    version: 0,
  };
  try {
    const result = await work().catch(async (error: unknown) => {
      // A history that cannot be written either is the lesser news.
      await backend.recordUpdate(stack, { ...record, result: "failed", endTime: now() }).catch(() => {});
      throw error;
    });
    await backend.recordUpdate(stack, {
      ...record,
      result: result.result,
      endTime: now(),
      resourceChanges: result.changes,
    });
    return result;
  } finally {
    await lock.release();
  }
}

const now = (): number => Math.floor(Date.now() / 1000);

function toResult({ result, changes, outputs }: OperationResult): StackOperationResult {
  const secretOutputs = Object.keys(outputs).filter((name) => containsSecrets(outputs[name]));
  return { result, changes, outputs: withoutMarks(outputs), secretOutputs };
}
