import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { repository } from "./fake-github.ts";

const root = path.join(import.meta.dirname, "..", "..", "..");

export interface ScriptOptions {
  args?: string[];
  event?: unknown;
  env?: Record<string, string>;
  /** The clone that it is of. */
  cwd?: string;
}

/** Runs a script of `deploy/ci` as a runner does: nothing of this process's environment but the path. */
export async function runScript(name: string, { args = [], event = {}, env = {}, cwd = root }: ScriptOptions) {
  const folder = await mkdtemp(path.join(tmpdir(), "line-bot-ci-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const at = (file: string) => path.join(folder, file);
  await writeFile(at("event.json"), JSON.stringify(event));
  await Promise.all(["output", "summary"].map((file) => writeFile(at(file), "")));
  const child = spawn("node", ["deploy/run.cjs", `deploy/ci/${name}`, ...args], {
    cwd,
    env: {
      PATH: process.env["PATH"] ?? "",
      GITHUB_EVENT_PATH: at("event.json"),
      GITHUB_OUTPUT: at("output"),
      GITHUB_STEP_SUMMARY: at("summary"),
      GITHUB_REPOSITORY: repository,
      GITHUB_RUN_ID: "77",
      GITHUB_SERVER_URL: "https://github.com",
      GITHUB_TOKEN: "token-of-the-job",
      RUNNER_TEMP: folder,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  const [output, summary] = await Promise.all(["output", "summary"].map((file) => readFile(at(file), "utf8")));
  return { code, stdout, stderr, output, summary, folder };
}
