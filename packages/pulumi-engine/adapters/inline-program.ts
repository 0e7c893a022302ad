/** A program that lives in the process of an Automation API client, reached through its `LanguageRuntime`. */
import grpc from "@grpc/grpc-js";
import languageServices from "@pulumi/pulumi/proto/language_grpc_pb.js";
import languageMessages from "@pulumi/pulumi/proto/language_pb.js";
import { ProgramFailed, type Source } from "../contracts/contracts.ts";
import { call, CHANNEL_OPTIONS } from "./grpc.ts";
import type { DeploymentInfo } from "./monitor-service.ts";
import { createProgramSource, type Run, type RunningProgram } from "./program-source.ts";

export interface InlineProgramOptions extends DeploymentInfo {
  /** Where the client's language runtime listens: `--client=<address>`. */
  client: string;
}

export function createInlineProgram(options: InlineProgramOptions): Source {
  return createProgramSource(options, (address, _monitor, run) => start(options, address, run));
}

function start(options: InlineProgramOptions, address: string, run: Run): RunningProgram {
  const client = new languageServices.LanguageRuntimeClient(
    options.client,
    grpc.credentials.createInsecure(),
    CHANNEL_OPTIONS,
  );
  const stop = (): void => client.close();
  run.signal.addEventListener("abort", stop, { once: true });
  const finished = runIn(client, runRequest(options, run, address));
  return {
    finished,
    end: async () => {
      run.signal.removeEventListener("abort", stop);
      try {
        // The client's process is not the engine's to end: what it does after an abort it does for itself.
        if (!run.signal.aborted) await finished;
      } finally {
        client.close();
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
