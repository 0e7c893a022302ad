/** A program that lives in the process of an Automation API client, reached through its `LanguageRuntime`. */
import grpc from "@grpc/grpc-js";
import languageServices from "@pulumi/pulumi/proto/language_grpc_pb.js";
import languageMessages from "@pulumi/pulumi/proto/language_pb.js";
import { ProgramFailed, type Monitor, type Source } from "../core/contracts.ts";
import { addEngineService } from "./engine-service.ts";
import { call, CHANNEL_OPTIONS, serve } from "./grpc.ts";
import { MonitorService, type DeploymentInfo } from "./monitor-service.ts";

export interface InlineProgramOptions extends DeploymentInfo {
  /** Where the client's language runtime listens: `--client=<address>`. */
  client: string;
}

type Run = Parameters<Source["run"]>[1];

export function createInlineProgram(options: InlineProgramOptions): Source {
  const service = new MonitorService(options);
  let running: Promise<RunningProgram> | undefined;
  return {
    async run(monitor, run) {
      service.begin(monitor, run);
      running = start(options, service, monitor, run);
      const { finished } = await running;
      await Promise.race([service.signalled, finished]);
    },
    async close() {
      service.release();
      await (await running)?.end();
    },
  };
}

interface RunningProgram {
  /** Rejects if the program failed. */
  finished: Promise<void>;
  end(): Promise<void>;
}

async function start(
  options: InlineProgramOptions,
  service: MonitorService,
  monitor: Monitor,
  run: Run,
): Promise<RunningProgram> {
  const server = await serve((grpcServer) => {
    service.addTo(grpcServer);
    addEngineService(grpcServer, () => monitor.log);
  });
  const client = new languageServices.LanguageRuntimeClient(
    options.client,
    grpc.credentials.createInsecure(),
    CHANNEL_OPTIONS,
  );
  const stop = (): void => client.close();
  run.signal.addEventListener("abort", stop, { once: true });
  const finished = runIn(client, runRequest(options, run, server.address));
  finished.catch(() => undefined);
  return {
    finished,
    end: async () => {
      run.signal.removeEventListener("abort", stop);
      try {
        // The client's process is not the engine's to end: what it does after an abort it does for itself.
        if (!run.signal.aborted) await finished;
      } finally {
        client.close();
        await server.close();
      }
    },
  };
}

/** @throws ProgramFailed if the program did */
async function runIn(
  client: languageServices.LanguageRuntimeClient,
  request: languageMessages.RunRequest,
): Promise<void> {
  const response = await call(client, "run", request);
  const error = response.getError();
  if (response.getBail()) throw new ProgramFailed();
  if (error) throw new Error(error);
}

function runRequest(
  { organization, project, stack, config, secretKeys, root, pwd }: InlineProgramOptions,
  { dryRun, parallel }: Run,
  address: string,
): languageMessages.RunRequest {
  const request = new languageMessages.RunRequest();
  request.setOrganization(organization);
  request.setProject(project);
  request.setStack(stack);
  request.setPwd(pwd);
  for (const [key, value] of Object.entries(config)) request.getConfigMap().set(key, value);
  request.setConfigsecretkeysList([...secretKeys]);
  request.setDryrun(dryRun);
  request.setParallel(parallel);
  request.setMonitorAddress(address);
  // The client takes the engine's address from the first argument.
  request.setArgsList([address]);
  const info = new languageMessages.ProgramInfo();
  info.setRootDirectory(root);
  info.setProgramDirectory(pwd);
  info.setEntryPoint(".");
  request.setInfo(info);
  return request;
}
