/** A Node.js Pulumi program as a source of registrations: the SDK's own runner in a process of its own. */
import { ProgramFailed, type Monitor, type Source } from "../contracts/contracts.ts";
import { type PreparedNode, prepareNode } from "./child.ts";
import type { DeploymentInfo } from "./monitor-service.ts";
import { createProgramSource, type Run, type RunningProgram } from "./program-source.ts";
import { resolveSdkScript } from "./sdk.ts";

/** What the program's process is, whatever it will be told. */
export interface NodejsRuntime {
  pwd: string;
  env: NodeJS.ProcessEnv;
  /** `runtime.options` of Pulumi.yaml. TypeScript by ts-node is on unless it is turned off, as with the CLI. */
  runtimeOptions?: { typescript?: boolean; tsconfig?: string; nodeargs?: string };
}

export interface NodejsProgramOptions extends DeploymentInfo, NodejsRuntime {
  /** The program's main file or folder, relative to `pwd` or absolute. */
  main: string;
  /** What `prepareRunner` gave; started now if not said. */
  runner?: PreparedNode | undefined;
}

/** The runner exits with this after it has told the user what went wrong. */
const EXIT_TOLD = 32;

/** Starts the program's process, which waits for the program to run. Close it: it may never be needed. */
export function prepareRunner({ pwd, env, runtimeOptions }: NodejsRuntime): PreparedNode {
  return prepareNode({
    script: resolveSdkScript(pwd, "cmd/run"),
    nodeArgs: runtimeOptions?.nodeargs?.split(/\s+/).filter(Boolean) ?? [],
    cwd: pwd,
    env,
  });
}

export function createNodejsProgram(options: NodejsProgramOptions): Source {
  return createProgramSource(options, (address, monitor, run) => start(options, address, monitor, run));
}

function start(options: NodejsProgramOptions, address: string, monitor: Monitor, run: Run): RunningProgram {
  const child = (options.runner ?? prepareRunner(options)).start({
    args: runnerArgs(options, run, address),
    env: { ...configEnv(options), ...typescriptEnv(options) },
    // A line as it is, with its end.
    onLine: (line, stream) =>
      monitor.log({ severity: stream === "stdout" ? "info" : "info#err", message: `${line}\n` }),
  });
  const kill = (): void => void child.kill();
  run.signal.addEventListener("abort", kill, { once: true });
  if (run.signal.aborted) kill();
  const finished = child.exited.then(({ code, signal }) => judge(code, signal, monitor));
  return {
    finished,
    end: async () => {
      run.signal.removeEventListener("abort", kill);
      try {
        await finished;
      } finally {
        await child.kill();
      }
    },
  };
}

function judge(code: number | null, signal: NodeJS.Signals | null, monitor: Monitor): void {
  if (code === 0 || signal === "SIGKILL") return;
  if (code !== EXIT_TOLD)
    monitor.log({
      severity: "error",
      message: `an unhandled error occurred: Program exited with non-zero exit code: ${code ?? signal ?? ""}`,
    });
  throw new ProgramFailed();
}

function runnerArgs(
  { organization, project, root, stack, pwd, main }: NodejsProgramOptions,
  { dryRun, parallel }: Run,
  address: string,
): string[] {
  const named = { monitor: address, engine: address, organization, project, "root-directory": root, stack, pwd };
  const args = Object.entries(named).flatMap(([name, value]) => (value ? [`--${name}`, value] : []));
  return [...args, ...(dryRun ? ["--dry-run"] : []), "--parallel", String(parallel), main];
}

function configEnv({ config, secretKeys }: NodejsProgramOptions): NodeJS.ProcessEnv {
  return { PULUMI_CONFIG: JSON.stringify(config), PULUMI_CONFIG_SECRET_KEYS: JSON.stringify([...secretKeys]) };
}

function typescriptEnv({ runtimeOptions = {} }: NodejsProgramOptions): NodeJS.ProcessEnv {
  if (runtimeOptions.typescript === false) return {};
  return {
    PULUMI_NODEJS_TYPESCRIPT: "true",
    ...(runtimeOptions.tsconfig ? { PULUMI_NODEJS_TSCONFIG_PATH: runtimeOptions.tsconfig } : {}),
  };
}
