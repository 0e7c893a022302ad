import path from "node:path";
import type { LocalCloud } from "../local/cloud.ts";
import { createDisplay } from "../local/engine/display/display.ts";
import { runStackOperation, type StackOperation } from "../local/engine/engine.ts";
import type { RunningCloud } from "../local/instance.ts";

export const root = path.dirname(import.meta.dirname);
export const localDataDir = path.join(root, ".local");
export const localStack = "local";

/** A cloud of this process, or one that another process runs. */
export type DeployTarget = Pick<RunningCloud, "env" | "attachedProviders"> & { lineUrl: string };

export const toTarget = ({ env, attachedProviders, line }: LocalCloud): DeployTarget => ({
  env,
  attachedProviders,
  lineUrl: line.url,
});

/** The person's own AWS and Pulumi settings must not reach a local deployment: a profile would go before our keys. */
export function localEnvironment({ env }: Pick<DeployTarget, "env">): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(AWS|PULUMI|LINE)_/.test(entry[0]),
  );
  return { ...Object.fromEntries(inherited), ...env };
}

/** One operation of the embedded engine on the local stack, shown as it runs. Returns the operation's result. */
export async function runLocally(
  kind: StackOperation["kind"],
  target: DeployTarget,
  { diff = false, signal, ...options }: StackOperation["options"] & { diff?: boolean; signal?: AbortSignal } = {},
) {
  const display = createDisplay({ stream: process.stdout, kind, stack: localStack, diff });
  try {
    return await runStackOperation({
      kind,
      projectDir: root,
      stack: localStack,
      env: localEnvironment(target),
      attachedProviders: target.attachedProviders,
      // Where this cloud's simulator listens; the stack's file names the usual port.
      configOverrides: { "line:apiUrl": target.lineUrl },
      createStack: true,
      options,
      onEvent: (event) => display.show(event),
      ...(signal === undefined ? {} : { signal }),
    });
  } finally {
    display.close();
  }
}
