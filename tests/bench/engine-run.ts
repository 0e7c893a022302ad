/** Runs one operation of the embedded engine in a process of its own, and says how long it took and how large it got. */
import { createNodejsProgram } from "@pulumi-line-bot/pulumi-engine/adapters/nodejs-program";
import type { Monitor } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { runStackOperation, type StackOperation } from "@pulumi-line-bot/pulumi-engine/engine";

interface Request {
  kind: StackOperation["kind"] | "floor";
  projectDir: string;
  stack: string;
  main: string;
  config: Record<string, string>;
}

/** Answers at once that everything exists as it is wanted: what is left is the program and its SDK. */
function createInstantMonitor(project: string, stack: string): Monitor {
  const urnOf = (type: string, name: string) => `urn:pulumi:${stack}::${project}::${type}::${name}`;
  return {
    registerResource: async ({ type, name, custom, inputs }) => ({
      urn: urnOf(type, name),
      ...(custom && { id: name }),
      // Programs take ARNs apart.
      outputs: { arn: `arn:aws:bench:ap-northeast-1:000000000000:${name}`, ...inputs },
      propertyDependencies: {},
      unknown: false,
      result: "success" as const,
    }),
    readResource: async ({ type, name, properties }) => ({ urn: urnOf(type, name), properties }),
    registerResourceOutputs: async () => {},
    invoke: async () => ({ result: {}, failures: [] }),
    registerHook: () => {},
    registerErrorHook: () => {},
    log: () => {},
  };
}

async function runFloor({ projectDir, stack, main, config }: Request): Promise<void> {
  const program = createNodejsProgram({
    root: projectDir,
    pwd: main,
    main: "index.ts",
    organization: "organization",
    project: "bench",
    stack,
    config,
    secretKeys: new Set<string>(),
    env: process.env,
    runtimeOptions: { typescript: false },
  });
  await program.run(createInstantMonitor("bench", stack), {
    dryRun: false,
    parallel: 16,
    signal: new AbortController().signal,
  });
  await program.close?.();
}

async function runEngine({ kind, projectDir, stack, config }: Request): Promise<void> {
  const said: string[] = [];
  const { result } = await runStackOperation({
    kind: kind as StackOperation["kind"],
    projectDir,
    stack,
    configOverrides: config,
    createStack: true,
    onEvent: ({ diagnosticEvent }) => void (diagnosticEvent && said.push(diagnosticEvent.message)),
  });
  if (result !== "succeeded") throw new Error(said.join("\n"));
}

const request = JSON.parse(String(process.argv[2])) as Request;
const startedAtMs = performance.now();
await (request.kind === "floor" ? runFloor(request) : runEngine(request));
const ms = performance.now() - startedAtMs;
// Kilobytes on Linux and macOS alike, since libuv says so.
console.log(JSON.stringify({ ms, megabytes: process.resourceUsage().maxRSS / 1024 }));
process.exit();
