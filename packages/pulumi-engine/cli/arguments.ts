import { parseArgs } from "node:util";
import { messageOf } from "@pulumi-line-bot/kit/message-of";
import { UserError } from "@pulumi-line-bot/kit/user-error";

/** One flag: `boolean` stands alone, `text` takes a value, `list` may come again and again. */
export interface Flag {
  type: "boolean" | "text" | "list";
  short?: string;
  /** What an optional value is when none is given. */
  help: string;
}

export interface Word {
  /** What the words after it are, such as `<key> [value]`; as many as these may be given. */
  positionals?: { min: number; max: number };
  flags?: Record<string, Flag>;
  run?: (command: Command) => Promise<number | void>;
  words?: Record<string, Word>;
  /** Other names of a word, as the CLI has them. */
  aliases?: string[];
  help: string;
}

/** A command line, understood. */
export interface Command {
  words: string[];
  flags: Flags;
  positionals: string[];
}

interface Flags {
  on(name: string): boolean;
  /** `undefined` if it was not given. */
  given(name: string): boolean | undefined;
  text(name: string): string | undefined;
  list(name: string): string[];
  /** Values of two flags in the order of the command line. */
  inOrder(...names: string[]): { name: string; value: string }[];
}

/** @throws {UserError} that names the word or flag which this engine does not have. */
export function parseCommandLine(root: Word, args: string[]): { word: Word; command: Command } {
  const { word, words, rest } = findWord(root, args);
  const path = ["pulumi", ...words].join(" ");
  const flags = { ...root.flags, ...word.flags };
  const { args: understood, off } = takeBooleans(rest, flags);
  const { values: given, positionals, tokens } = parseFlags(understood, flags, path);
  const values: Record<string, unknown> = { ...given, ...off };
  const { min, max } = word.positionals ?? { min: 0, max: 0 };
  if (positionals.length > max && word.words && max === 0) throw unknownWord(positionals[0] ?? "", path, word);
  if (positionals.length > max)
    throw new UserError(`${path} takes ${max} argument(s), and there are ${positionals.length}`);
  if (positionals.length < min) throw new UserError(`${path} needs ${min} argument(s): ${word.help}`);
  const command: Command = {
    words,
    positionals,
    flags: {
      on: (name) => values[name] === true,
      given: (name) => values[name] as boolean | undefined,
      text: (name) => values[name] as string | undefined,
      list: (name) => (values[name] as string[] | undefined) ?? [],
      inOrder: (...names) =>
        tokens.filter(({ name }) => names.includes(name)).map(({ name, value }) => ({ name, value: value ?? "" })),
    },
  };
  return { word, command };
}

/** Follows the words from the root; the flags between them and what comes after stay for the parser. */
function findWord(root: Word, args: string[]): { word: Word; words: string[]; rest: string[] } {
  const words: string[] = [];
  const rest: string[] = [];
  let word = root;
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? "";
    if (argument === "--") return { word, words, rest: [...rest, ...args.slice(index)] };
    if (argument.startsWith("-")) {
      rest.push(argument);
      if (takesNextArgument(argument, { ...root.flags, ...word.flags }))
        rest.push(...args.slice((index += 1), index + 1));
      continue;
    }
    const next = Object.entries(word.words ?? {}).find(
      ([name, { aliases }]) => name === argument || aliases?.includes(argument),
    );
    if (!next) {
      if (word === root || word.run === undefined) throw unknownWord(argument, ["pulumi", ...words].join(" "), word);
      return { word, words, rest: [...rest, ...args.slice(index)] };
    }
    words.push(next[0]);
    word = next[1];
  }
  return { word, words, rest };
}

function takesNextArgument(argument: string, flags: Record<string, Flag>): boolean {
  if (argument.includes("=")) return false;
  const flag = argument.startsWith("--")
    ? flags[argument.slice(2)]
    : Object.values(flags).find(({ short }) => short === argument.slice(1));
  return flag !== undefined && flag.type !== "boolean";
}

/** The CLI takes `--flag=true` and `--flag=false` of a boolean, `parseArgs` only `--flag`. */
function takeBooleans(args: string[], flags: Record<string, Flag>): { args: string[]; off: Record<string, false> } {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const off: Record<string, false> = {};
  const understood = args.flatMap((argument, index) => {
    const [, name = "", value = ""] = /^--([^=]+)=(.*)$/s.exec(index < end ? argument : "") ?? [];
    if (flags[name]?.type !== "boolean") return [argument];
    if (value !== "true" && value !== "false") {
      throw new UserError(`invalid argument ${JSON.stringify(value)} for --${name}: it is true or false`);
    }
    if (value === "true") return [`--${name}`];
    off[name] = false;
    return [];
  });
  return { args: understood, off };
}

function parseFlags(args: string[], flags: Record<string, Flag>, path: string) {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { type, short }]) => [
      name,
      {
        type: type === "boolean" ? ("boolean" as const) : ("string" as const),
        multiple: type === "list",
        ...(short && { short }),
      },
    ]),
  );
  try {
    const { values, positionals, tokens } = parseArgs({
      args,
      options,
      strict: true,
      allowPositionals: true,
      tokens: true,
    });
    return { values, positionals, tokens: tokens.filter((token) => token.kind === "option") };
  } catch (cause) {
    throw new UserError(`${path}: ${explainParseError(cause, args, flags)}`, { cause });
  }
}

/** The library names only what it was given; here the flag is named, and what to do without it. */
function explainParseError(cause: unknown, args: string[], flags: Record<string, Flag>): string {
  if (!(cause instanceof Error) || !("code" in cause) || cause.code !== "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    return messageOf(cause);
  }
  const known = new Set(Object.entries(flags).flatMap(([name, { short }]) => [`--${name}`, `-${short}`]));
  const name = args
    .map((argument) => argument.replace(/=.*$/s, ""))
    .find((argument) => argument.startsWith("-") && !known.has(argument));
  return `unknown flag: ${name ?? "?"}. The embedded engine does not have it; the Pulumi CLI may. It has: ${Object.keys(
    flags,
  )
    .map((flag) => `--${flag}`)
    .toSorted()
    .join(" ")}`;
}

function unknownWord(argument: string, path: string, word: Word): UserError {
  return new UserError(
    `unknown command ${JSON.stringify(argument)} for ${JSON.stringify(path)}. The embedded engine does not have it; the Pulumi CLI may. It has: ${Object.keys(word.words ?? {}).join(", ")}`,
  );
}
