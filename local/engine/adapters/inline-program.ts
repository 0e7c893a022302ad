/** A program that lives in the process of an Automation API client, reached through its `LanguageRuntime`. */
import grpc from "@grpc/grpc-js";
import languageServices from "@pulumi/pulumi/proto/language_grpc_pb.js";
import languageMessages from "@pulumi/pulumi/proto/language_pb.js";
import { ProgramFailed, type Source } from "../core/contracts.ts";
import { addEngineService } from "./engine-service.ts";
import { call, CHANNEL_OPTIONS, serve } from "./grpc.ts";
import { MonitorService, type DeploymentInfo } from "./monitor-service.ts";

export interface InlineProgramOptions extends DeploymentInfo {
  /** Where the client's language runtime listens: `--client=<address>`. */
  client: string;
}

export function createInlineProgram(options: InlineProgramOptions): Source {
  const service = new MonitorService(options);
  let end: (() => Promise<void>) | undefined;
  return {
    async run(monitor, { dryRun, parallel, signal }) {
      service.begin(monitor, { dryRun, parallel });
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
      signal.addEventListener("abort", stop, { once: true });
      const finished = runIn(client, runRequest(options, { dryRun, parallel }, server.address));
      end = async () => {
        signal.removeEventListener("abort", stop);
        service.release();
        try {
          if (!signal.aborted) await finished;
        } finally {
          client.close();
          await server.close();
        }
      };
      finished.catch(() => undefined);
      await Promise.race([service.signalled, finished]);
    },
    close: async () => await end?.(),
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
  { dryRun, parallel }: { dryRun: boolean; parallel: number },
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
