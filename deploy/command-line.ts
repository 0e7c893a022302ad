import { inspect, parseArgs, type ParseArgsConfig } from "node:util";
import { printableLines } from "@pulumi-line-bot/kit/printable";
import { UserError } from "@pulumi-line-bot/kit/user-error";

type Options = NonNullable<ParseArgsConfig["options"]>;

export interface Command<O extends Options> {
  /** The command as a person types it, such as `npm run up -- <stack>`. */
  usage: string;
  options: O;
  /** How many words go before the options, as in `<stack>`. */
  words: number;
}

/**
 * Parses a command's arguments.
 * @throws {UserError} for an unknown option, a word too many or too few, and for options that npm kept to itself
 * because they were not behind `--`.
 */
export function parseCommandLine<const O extends Options>(command: Command<O>, args: string[]) {
  refuseSwallowed(command);
  try {
    const parsed = parseArgs({ args, options: command.options, allowPositionals: true, strict: true });
    if (parsed.positionals.length > command.words) {
      throw new UserError(
        `Not understood: ${JSON.stringify(parsed.positionals.slice(command.words).join(" "))}. ` +
          `npm keeps options for itself unless they come after \`--\`: ${command.usage}`,
      );
    }
    if (parsed.positionals.length < command.words) throw new UserError(`A word is missing: ${command.usage}`);
    return parsed;
  } catch (error) {
    if (error instanceof TypeError && "code" in error) throw new UserError(`${error.message}. Usage: ${command.usage}`);
    throw error;
  }
}

/** npm hands an option that it took over in its environment; these are none of npm's own. */
function refuseSwallowed({ usage, options }: Command<Options>): void {
  const swallowed = Object.keys(options).filter((name) => process.env[`npm_config_${name.replaceAll("-", "_")}`]);
  if (swallowed.length === 0) return;
  const names = swallowed.map((name) => `--${name}`).join(", ");
  throw new UserError(`npm kept ${names} for itself. Options come after \`--\`: ${usage}`);
}

/** Runs a command's main function: a mistake of the user's is reported in a line, anything else with its stack. */
export async function runCommand(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(printableLines(error instanceof UserError ? error.message : inspect(error)));
    process.exitCode = 1;
  }
}
