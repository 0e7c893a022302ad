import { printableLines } from "@pulumi-line-bot/kit/printable";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { parseCommandLine } from "./arguments.ts";
import { commands } from "./commands.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";

/** Runs a command line; resolves to its exit code. */
export async function main(args: string[]): Promise<number> {
  try {
    const { word, command } = parseCommandLine(commands, args);
    if (!word.run) throw new UserError(`name a command: ${Object.keys(word.words ?? {}).join(", ")}`);
    return (await word.run(command)) ?? exitCodes.success;
  } catch (error) {
    process.stderr.write(`error: ${printableLines(explain(error))}\n`);
    return exitCodeOf(error);
  }
}

/** A fault of ours is shown with its stack, since nobody else can fix it. */
function explain(error: unknown): string {
  if (error instanceof UserError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
