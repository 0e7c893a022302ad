import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** A command as a person runs it: a process group of its own, as in a terminal. */
export interface Run {
  pid: number;
  /** All that it printed so far. */
  output(): string;
  /** Resolves when this is printed. @throws what was printed, when the command ends without it. */
  prints(text: string | RegExp): Promise<void>;
  /** To the whole group, as a terminal does. */
  interrupt(): void;
  /** At once: the command itself, or a process of its group whose command line has this in it. */
  kill(part?: string): Promise<void>;
  /** Resolves with the exit code, or the signal's name. */
  ended: Promise<number | string>;
}

export interface RunOptions {
  cwd: string;
  env?: Record<string, string | undefined>;
}

export function run(command: string, args: string[], { cwd, env }: RunOptions): Run {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, NO_COLOR: "1", ...env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} did not start`);
  let output = "";
  const grown = new EventTarget();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
      grown.dispatchEvent(new Event("more"));
    });
  }
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | string);
  const fits = (text: string | RegExp) => (typeof text === "string" ? output.includes(text) : text.test(output));
  return {
    pid,
    output: () => output,
    ended,
    async prints(text) {
      const over = ended.then(() => "ended" as const);
      while (!fits(text)) {
        const next = await Promise.race([once(grown, "more"), over]);
        if (next === "ended" && !fits(text)) throw new Error(`${String(text)} was not printed, but:\n${output}`);
      }
    },
    interrupt: () => process.kill(-pid, "SIGINT"),
    async kill(part) {
      if (part === undefined) child.kill("SIGKILL");
      else for (const found of await findInGroup(pid, part)) process.kill(found, "SIGKILL");
    },
  };
}

/** A port that is free now, from below those that the system gives to anyone who asks for any. */
export async function findFreePort(): Promise<number> {
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  const server = createServer();
  try {
    await once(server.listen(port, "127.0.0.1"), "listening");
    return port;
  } catch {
    // Taken: the next guess.
    return await findFreePort();
  } finally {
    server.close();
  }
}

async function findInGroup(group: number, part: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["axww", "-o", "pid=,pgid=,command="]);
  const lines = stdout.split("\n").map((line) => line.trim().split(/\s+/));
  return lines
    .filter(([, pgid, ...command]) => Number(pgid) === group && command.join(" ").includes(part))
    .map(([pid]) => Number(pid));
}

/** Lines of `ps` of the processes that run in or with something of this folder, by arguments or environment. */
async function listProcesses(folder: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)("ps", ["axeww", "-o", "pid=,command="], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split("\n").filter((line) => line.includes(folder) && !line.includes("ps axeww"));
}

/** Resolves when no process of this folder is left; after a minute of looks, with what is left. */
export async function findOrphans(folder: string): Promise<string[]> {
  for (let tries = 0; tries < 600; tries += 1) {
    const left = await listProcesses(folder);
    if (left.length === 0) return [];
    // The kernel tells nobody but the parent that a process ended.
    await sleep(100);
  }
  return (await listProcesses(folder)).map((line) => line.slice(0, 200));
}
