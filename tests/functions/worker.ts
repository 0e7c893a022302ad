import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { HandlerEvent } from "../../functions/handler.ts";
import { bundle } from "../../infra/artifact.ts";

export const entry = path.join(import.meta.dirname, "../../functions/webhook.ts");

/** The bundle as it is deployed, in a process of its own with nothing but Lambda's environment. */
export async function startWorker(env: Record<string, string>) {
  const directory = await mkdtemp(path.join(tmpdir(), "webhook-"));
  const file = path.join(directory, "index.mjs");
  await writeFile(file, await bundle(entry));
  const child = fork(new URL("driver.mjs", import.meta.url), [file], { env, silent: true, execArgv: [] });
  const output: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => output.push(chunk));
  const closed = once(child, "close");

  return {
    /** Whether it started; if not, its output says why. */
    started: Promise.race([once(child, "message").then(() => true), closed.then(() => false)]),
    async send(request: HandlerEvent): Promise<{ statusCode: number; body: string }> {
      const answered = once(child, "message");
      child.send(request);
      const [answer] = (await answered) as [{ statusCode: number; body: string }];
      return answer;
    },
    /** Lets the process end; all that it wrote. */
    async stop(): Promise<string> {
      if (child.connected) child.send("stop");
      await closed;
      return Buffer.concat(output).toString("utf8");
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await closed;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
