/** `npm run preview|up|refresh|destroy -- <stack>`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { UserError } from "../line/user-error.ts";
import { parseCommandLine, runCommand } from "./command-line.ts";
import { type DeployTarget, localEnvironment, localStack, root, runLocally, withLocalCloud } from "./local-stack.ts";

const kinds = ["preview", "up", "refresh", "destroy"] as const;
type Kind = (typeof kinds)[number];

const command = (kind: string) =>
  ({
    usage: `npm run ${kind} -- <stack> [--engine embedded|pulumi] [--yes] [--diff] [--refresh] [--expect-no-changes] [--target <urn>] [--replace <urn>] [--parallel <n>] [--port <n>]`,
    options: {
      engine: { type: "string" },
      yes: { type: "boolean", short: "y" },
      diff: { type: "boolean" },
      refresh: { type: "boolean" },
      "expect-no-changes": { type: "boolean" },
      target: { type: "string", multiple: true },
      replace: { type: "string", multiple: true },
      parallel: { type: "string" },
      port: { type: "string" },
    },
    words: 1,
  }) as const;

type Values = ReturnType<typeof parseCommandLine<ReturnType<typeof command>["options"]>>["values"];

async function main(): Promise<number> {
  const [kind, ...args] = process.argv.slice(2);
  if (!isKind(kind)) throw new UserError(`One of ${kinds.join(", ")} is needed, not ${JSON.stringify(kind)}`);
  const { values, positionals } = parseCommandLine(command(kind), args);
  const [stack = ""] = positionals;
  const engine = values.engine ?? (stack === localStack ? "embedded" : "pulumi");
  if (stack !== localStack) {
    if (engine !== "pulumi")
      throw new UserError(
        `Stack ${stack} is on AWS, and the embedded engine deploys only to this machine (stack ${localStack}).`,
      );
    return runPulumi(kind, stack, values, process.env);
  }
  if (engine !== "embedded" && engine !== "pulumi")
    throw new UserError(`--engine is embedded or pulumi, not ${JSON.stringify(engine)}`);
  return withLocalCloud(values.port, (target) =>
    engine === "pulumi" ? runPulumi(kind, stack, values, localEnvironment(target)) : runEmbedded(kind, target, values),
  );
}

const isKind = (word: string | undefined): word is Kind => kinds.some((kind) => kind === word);

async function runEmbedded(kind: Kind, target: DeployTarget, values: Values): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort());
  const { result } = await runLocally(kind, target, {
    signal: stopping.signal,
    diff: values.diff ?? false,
    refresh: values.refresh ?? false,
    expectNoChanges: values["expect-no-changes"] ?? false,
    targets: values.target ?? [],
    replace: values.replace ?? [],
    ...(values.parallel === undefined ? {} : { parallel: Number(values.parallel) }),
  });
  return result === "succeeded" ? 0 : 1;
}

/** Runs the CLI with the person's terminal, and says what could be typed instead. */
async function runPulumi(kind: Kind, stack: string, values: Values, env: NodeJS.ProcessEnv): Promise<number> {
  const args = [kind, "--stack", stack, ...toFlags(values)];
  console.error(`> pulumi ${args.join(" ")}`);
  const child = spawn("pulumi", args, { cwd: root, stdio: "inherit", env });
  // A terminal's Ctrl+C reaches the CLI too, which stops in its own way.
  process.on("SIGINT", () => {});
  try {
    const [code] = (await once(child, "exit")) as [number | null];
    return code ?? 1;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new UserError(
        "The Pulumi CLI is not on the path. Install it (https://www.pulumi.com/docs/install/) and run the same command again.",
      );
    }
    throw error;
  }
}

function toFlags({ engine: _engine, port: _port, ...values }: Values): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    if (value === true) return [`--${name}`];
    return [value].flat().flatMap((item) => (typeof item === "string" ? [`--${name}`, item] : []));
  });
}

await runCommand(main);
