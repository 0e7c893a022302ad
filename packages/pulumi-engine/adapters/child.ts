/** Node processes that do not outlive the engine, whatever becomes of it. */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { homedir } from "node:os";
import { fileURLToPath } from "node:url";

/** Plain JavaScript: they are loaded wherever the SDK is. The first ends the process when its channel to the engine breaks. */
const PRELOADED = [
  new URL("./end-with-parent.mjs", import.meta.url),
  new URL("./lean-sdk.mjs", import.meta.url),
].flatMap(({ href }) => ["--import", href]);

/**
 * The SDK sets it, but late, and V8 takes no compiled code from a process with other flags: each process would leave
 * the next one code that it cannot use.
 */
const SDK_FLAGS = ["--allow-natives-syntax"];

/** How long a process that is busy with something may take to hear that it is to end. */
const goodbyeMs = 500;

export interface Child {
  process: ChildProcess;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Ends it now. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Tells it to end, so that it leaves its compiled code to the next one; kills it if it does not. Resolves likewise. */
  end(): Promise<void>;
}

export interface ChildOptions {
  script: string;
  args: string[];
  nodeArgs?: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  onLine: (line: string, stream: "stdout" | "stderr") => void;
}

/** A process that has nothing to do yet. */
export interface PreparedNode {
  start(told: Pick<ChildOptions, "args" | "env" | "onLine">): Child;
  /** Ends it where it was never started. */
  close(): Promise<void>;
}

/** Starts a script of the SDK before its arguments and settings are known: until they are, it loads the SDK. */
export function prepareNode(options: Omit<ChildOptions, "args" | "onLine">): PreparedNode {
  const early: Parameters<ChildOptions["onLine"]>[] = [];
  let onLine: ChildOptions["onLine"] = (...line) => void early.push(line);
  const child = startNode({
    ...options,
    script: fileURLToPath(new URL("./prepared-node.mjs", import.meta.url)),
    args: [options.script],
    onLine: (line, stream) => onLine(line, stream),
  });
  let started = false;
  return {
    start({ args, env, onLine: listener }) {
      started = true;
      onLine = listener;
      for (const line of early) listener(...line);
      // Where it has ended already, that is what its caller hears of.
      child.process.send({ args, env }, () => {});
      return child;
    },
    close: async () => {
      if (!started) await child.kill();
    },
  };
}

/** Code runs from there: it is a folder of the user's own, and not one that others may make in the temporary folder. */
const compileCache = (): string =>
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "node-compile-cache");

export function startNode({ script, args, nodeArgs = [], cwd, env, onLine }: ChildOptions): Child {
  const child = spawn(process.execPath, [...SDK_FLAGS, ...PRELOADED, ...nodeArgs, script, ...args], {
    cwd,
    env: { NODE_COMPILE_CACHE: compileCache(), ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // A terminal's Ctrl+C is for the engine alone, which then ends what is under way.
    detached: true,
  });
  const streams = (["stdout", "stderr"] as const).map((name) => readLines(child, name, onLine));
  const exited = new Promise<Awaited<Child["exited"]>>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      // What it wrote last is still on its way.
      Promise.all(streams).then(() => resolve({ code, signal }), reject);
    });
  });
  // The caller hears of it from `exited`; until it asks, nobody may be waiting.
  exited.catch(() => undefined);
  const kill = () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  };
  return {
    process: child,
    exited,
    kill: async () => {
      kill();
      await exited;
    },
    end: async () => {
      if (child.connected) child.disconnect();
      const overdue = setTimeout(kill, goodbyeMs);
      await exited.finally(() => clearTimeout(overdue));
    },
  };
}

function readLines(child: ChildProcess, name: "stdout" | "stderr", onLine: ChildOptions["onLine"]): Promise<void> {
  const stream = child[name];
  if (!stream) return Promise.resolve();
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  lines.on("line", (line) => onLine(line, name));
  return new Promise((resolve) => lines.once("close", resolve));
}
