import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { UserError } from "@pulumi-line-bot/kit/user-error";

/** Questions on a terminal. */
export interface Asker {
  /** What is typed, without white space around it; `hidden` shows nothing of it. */
  ask(question: string, options?: { hidden?: boolean }): Promise<string>;
  close(): void;
}

/** @param input a terminal, or a stream in its place: it is read key by key, so that nothing is echoed. */
export function openAsker(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Asker {
  let isHidden = false;
  const shown = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!isHidden) output.write(chunk);
      done();
    },
  });
  // Without a history, no answer is kept or can be brought back by a key.
  const lines = createInterface({ input, output: shown, terminal: true, historySize: 0 });
  const ended = new AbortController();
  lines.once("SIGINT", () => ended.abort());
  lines.once("close", () => ended.abort());
  return {
    async ask(question, { hidden = false } = {}) {
      isHidden = hidden;
      try {
        const answer = lines.question(hidden ? "" : question, { signal: ended.signal });
        // Shown when what is typed already counts.
        if (hidden) output.write(question);
        return (await answer).trim();
      } catch (error) {
        if (ended.signal.aborted) throw new UserError("\nStopped. Nothing was written.", { cause: error });
        throw error;
      } finally {
        isHidden = false;
        if (hidden) output.write("\n");
      }
    },
    close: () => lines.close(),
  };
}
