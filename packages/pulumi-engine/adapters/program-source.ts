/** A program somewhere else as a source of registrations: it talks to a monitor and an engine that are served for it. */
import type { Monitor, Source } from "../contracts/contracts.ts";
import { addEngineService } from "./engine-service.ts";
import { serve } from "./grpc.ts";
import { MonitorService, type DeploymentInfo } from "./monitor-service.ts";

export type Run = Parameters<Source["run"]>[1];

export interface RunningProgram {
  /** Rejects if the program failed. */
  finished: Promise<void>;
  /** Waits for its end; a program that nobody waits for any more is ended. */
  end(): Promise<void>;
}

/** @param start starts the program, which finds its monitor and engine at `address` */
export function createProgramSource(
  options: DeploymentInfo,
  start: (address: string, monitor: Monitor, run: Run) => RunningProgram,
): Source {
  const service = new MonitorService(options);
  let running: Promise<RunningProgram> | undefined;
  const begin = async (monitor: Monitor, run: Run): Promise<RunningProgram> => {
    const server = await serve((grpcServer) => {
      service.addTo(grpcServer);
      addEngineService(grpcServer, () => monitor.log);
    });
    const program = start(server.address, monitor, run);
    // Anyone who closes the source hears of it too; until then nobody may be waiting.
    program.finished.catch(() => undefined);
    const end = async () => {
      try {
        await program.end();
      } finally {
        await server.close();
      }
    };
    return { finished: program.finished, end };
  };
  return {
    async run(monitor, run) {
      service.begin(monitor, run);
      running = begin(monitor, run);
      const { finished } = await running;
      // An old SDK does not signal: it is through when its process is.
      await Promise.race([service.signalled, finished]);
    },
    async close() {
      service.release();
      await (await running)?.end();
    },
  };
}
