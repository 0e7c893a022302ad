/** A Node.js Pulumi program as a source of registrations: the SDK's own runner in a process of its own. */
import { ProgramFailed, type Monitor, type Source } from "../core/contracts.ts";
import { startNode } from "./child.ts";
import { addEngineService } from "./engine-service.ts";
import { serve } from "./grpc.ts";
import { MonitorService, type DeploymentInfo } from "./monitor-service.ts";
import { resolveSdkScript } from "./sdk.ts";

export interface NodejsProgramOptions extends DeploymentInfo {
  /** The program's main file or folder, relative to `pwd` or absolute. */
  main: string;
  env: NodeJS.ProcessEnv;
  /** `runtime.options` of Pulumi.yaml. TypeScript by ts-node is on unless it is turned off, as with the CLI. */
  runtimeOptions?: { typescript?: boolean; tsconfig?: string; nodeargs?: string };
}

type Run = Parameters<Source["run"]>[1];

/** The runner exits with this after it has told the user what went wrong. */
const EXIT_TOLD = 32;

export function createNodejsProgram(options: NodejsProgramOptions): Source {
  const service = new MonitorService(options);
  let running: Promise<RunningProgram> | undefined;
  return {
    async run(monitor, run) {
      service.begin(monitor, run);
      running = start(options, service, monitor, run);
      const { exited } = await running;
      // An old SDK does not signal: it is through when its process is.
      await Promise.race([service.signalled, exited]);
    },
    async close() {
      service.release();
      await (await running)?.end();
    },
  };
}

interface RunningProgram {
  /** Rejects if the program failed. */
  exited: Promise<void>;
  /** Waits for its end; a program that nobody waits for any more is ended. */
  end(): Promise<void>;
}

async function start(
  options: NodejsProgramOptions,
  service: MonitorService,
  monitor: Monitor,
  run: Run,
): Promise<RunningProgram> {
  const server = await serve((grpcServer) => {
    service.addTo(grpcServer);
    addEngineService(grpcServer, () => monitor.log);
  });
  const child = startNode({
    script: resolveSdkScript(options.pwd, "cmd/run"),
    args: runnerArgs(options, run, server.address),
    nodeArgs: options.runtimeOptions?.nodeargs?.split(/\s+/).filter(Boolean) ?? [],
    cwd: options.pwd,
    env: { ...options.env, ...configEnv(options), ...typescriptEnv(options) },
    onLine: (line, stream) => monitor.log({ severity: stream === "stdout" ? "info" : "info#err", message: line }),
  });
  const kill = (): void => void child.kill();
  run.signal.addEventListener("abort", kill, { once: true });
  if (run.signal.aborted) kill();
  const exited = child.exited.then(({ code, signal }) => judge(code, signal, monitor));
  exited.catch(() => undefined);
  return {
    exited,
    end: async () => {
      run.signal.removeEventListener("abort", kill);
      try {
        await exited;
      } finally {
        await child.kill();
        await server.close();
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
