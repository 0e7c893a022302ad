import { engineVersion } from "../version.ts";
import type { Flag, Word } from "./arguments.ts";
import { printLine } from "./print.ts";

type Run = NonNullable<Word["run"]>;

/** What a word runs is loaded when it is run: most of them need little of the whole. */
const from =
  <Module extends Record<string, Run>>(load: () => Promise<Module>) =>
  (name: keyof Module): Run =>
  async (command) =>
    (await load())[name]?.(command);

const operations = from(() => import("./operation-commands.ts"));
const stacks = from(() => import("./stack-commands.ts"));
const stackViews = from(() => import("./stack-views.ts"));
const settings = from(() => import("./config-commands.ts"));
const records = from(() => import("./history-commands.ts"));
const users = from(() => import("./user-commands.ts"));

const on = (help: string, short?: string): Flag => ({ type: "boolean", help, ...(short && { short }) });
const text = (help: string, short?: string): Flag => ({ type: "text", help, ...(short && { short }) });
const list = (help: string, short?: string): Flag => ({ type: "list", help, ...(short && { short }) });

const stack = { stack: text("the stack, instead of the selected one", "s") };
const json = { json: on("print JSON", "j") };
const showSecrets = { "show-secrets": on("print secrets in the clear") };
const yes = { yes: on("go on without asking", "y") };
const configFile = { "config-file": text("a settings file instead of Pulumi.<stack>.yaml") };
const path = { path: on("the key is a path into a map or list") };

const operation = {
  ...stack,
  ...json,
  ...configFile,
  diff: on("show the properties of each change"),
  "expect-no-changes": on("fail if anything changes"),
  parallel: text("how many resources at once", "p"),
  target: list("only this resource; may be given again", "t"),
  "target-dependents": on("what depends on a target, too"),
  exclude: list("all but this resource; may be given again"),
  "exclude-dependents": on("leave what depends on it alone, too"),
  message: text("a message for the history", "m"),
  "show-sames": on("show what does not change, too"),
  "suppress-outputs": on("do not show the stack's outputs"),
  "suppress-progress": on("do not show steps as they happen"),
  "run-program": on("run the program in a refresh or destroy"),
  "event-log": text("a file, or tcp://<address>, for all events"),
  client: text("the address of a language runtime that runs the program"),
  "exec-kind": text("who runs this, for the history"),
  "exec-agent": text("what runs this, for the history"),
};
const change = { ...operation, ...yes, "skip-preview": on("do not preview first", "f") };
const refreshFirst = { refresh: on("read the cloud's state first", "r") };
const replace = { replace: list("replace this resource; may be given again") };
const keepGoing = { "continue-on-error": on("go on with what does not depend on a failure") };
const previewOnly = { "preview-only": on("preview, and stop") };

const onePositional = { min: 0, max: 1 };

/** All that the command has. What is not in here is an error that names it. */
export const commands: Word = {
  help: "name a command",
  flags: {
    cwd: text("work as if started in this folder", "C"),
    "non-interactive": on("never ask"),
    color: text("always or never"),
  },
  words: {
    preview: {
      help: "show what an update would do",
      aliases: ["pre", "plan"],
      flags: { ...operation, ...refreshFirst, ...replace },
      run: operations("preview"),
    },
    up: {
      help: "create or change the stack's resources",
      aliases: ["update", "deploy"],
      flags: { ...change, ...refreshFirst, ...replace, ...keepGoing },
      run: operations("up"),
    },
    refresh: {
      help: "read the resources' state from the cloud",
      flags: {
        ...change,
        ...previewOnly,
        "clear-pending-creates": on("forget creations whose end nobody knows"),
      },
      run: operations("refresh"),
    },
    destroy: {
      help: "delete the stack's resources",
      aliases: ["down", "dn"],
      flags: {
        ...change,
        ...refreshFirst,
        ...keepGoing,
        ...previewOnly,
        "exclude-protected": on("all but what is protected"),
      },
      run: operations("destroy"),
    },
    cancel: {
      help: "take the locks of a stack away",
      positionals: onePositional,
      flags: { ...stack, ...yes },
      run: stacks("cancelUpdate"),
    },
    stack: {
      help: "show and manage stacks",
      flags: { ...stack, ...showSecrets, "show-name": on("print the name alone") },
      run: stackViews("showStack"),
      words: {
        init: {
          help: "make a stack",
          aliases: ["new"],
          positionals: onePositional,
          flags: { ...stack, "secrets-provider": text("passphrase"), "no-select": on("do not select it") },
          run: stacks("initStack"),
        },
        select: {
          help: "choose the stack that later commands are about",
          positionals: onePositional,
          flags: { ...stack, create: on("make it where there is none", "c") },
          run: stacks("selectStack"),
        },
        ls: {
          help: "list the project's stacks",
          aliases: ["list"],
          flags: { ...json, all: on("of all projects", "a"), project: text("of this project", "p") },
          run: stackViews("listStacks"),
        },
        output: {
          help: "print the stack's outputs",
          positionals: onePositional,
          flags: { ...stack, ...json, ...showSecrets },
          run: stackViews("printStackOutputs"),
        },
        export: {
          help: "print the state",
          flags: { ...stack, ...showSecrets, file: text("a file to write") },
          run: stacks("exportStack"),
        },
        import: {
          help: "replace the state",
          flags: { ...stack, file: text("a file to read") },
          run: stacks("importStack"),
        },
        history: {
          help: "list the stack's updates",
          aliases: ["hist"],
          flags: { ...stack, ...json, ...showSecrets, "page-size": text("how many"), page: text("which page") },
          run: records("showHistory"),
        },
        rename: {
          help: "<new name>",
          positionals: { min: 1, max: 1 },
          flags: stack,
          run: stacks("renameStack"),
        },
        rm: {
          help: "remove a stack",
          aliases: ["remove", "delete"],
          positionals: onePositional,
          flags: {
            ...stack,
            ...yes,
            force: on("leave its resources behind", "f"),
            "preserve-config": on("keep Pulumi.<stack>.yaml"),
            "remove-backups": on("remove its backups, too"),
          },
          run: stacks("removeStack"),
        },
        tag: {
          help: "tags of a stack",
          words: {
            get: { help: "<name>", positionals: { min: 1, max: 1 }, flags: stack, run: records("getTag") },
            set: { help: "<name> <value>", positionals: { min: 2, max: 2 }, flags: stack, run: records("setTag") },
            rm: {
              help: "<name>",
              aliases: ["remove", "delete"],
              positionals: { min: 1, max: 1 },
              flags: stack,
              run: records("removeTag"),
            },
            ls: { help: "list them", aliases: ["list"], flags: { ...stack, ...json }, run: records("listTags") },
          },
        },
      },
    },
    config: {
      help: "show and change a stack's settings",
      flags: { ...stack, ...json, ...showSecrets, ...configFile },
      run: settings("listConfig"),
      words: {
        get: {
          help: "<key>",
          positionals: { min: 1, max: 1 },
          flags: { ...stack, ...json, ...path, ...configFile },
          run: settings("getConfig"),
        },
        set: {
          help: "<key> [value]; the value is read from the standard input where it is left out",
          positionals: { min: 1, max: 2 },
          flags: {
            ...stack,
            ...path,
            ...configFile,
            secret: on("encrypt it"),
            plaintext: on("do not encrypt it, whatever it looks like"),
            type: text("string, int, float or bool"),
          },
          run: settings("setConfig"),
        },
        "set-all": {
          help: "--secret <key>=<value> --plaintext <key>=<value> …",
          flags: {
            ...stack,
            ...path,
            ...configFile,
            secret: list("<key>=<value>, encrypted"),
            plaintext: list("<key>=<value>"),
            json: text("what config --json prints"),
          },
          run: settings("setAllConfig"),
        },
        rm: {
          help: "<key>",
          aliases: ["remove", "delete"],
          positionals: { min: 1, max: 1 },
          flags: { ...stack, ...path, ...configFile },
          run: settings("removeConfig"),
        },
        "rm-all": {
          help: "<key> …",
          aliases: ["remove-all", "delete-all"],
          positionals: { min: 1, max: Number.MAX_SAFE_INTEGER },
          flags: { ...stack, ...path, ...configFile },
          run: settings("removeConfig"),
        },
        refresh: {
          help: "bring back the settings of the last update",
          flags: { ...stack, ...configFile, force: on("overwrite the file", "f") },
          run: settings("refreshConfig"),
        },
      },
    },
    whoami: {
      help: "print who you are",
      flags: { ...json, verbose: on("with the backend", "v") },
      run: users("whoami"),
    },
    version: {
      help: "print the release of Pulumi that this engine follows",
      run: async () => printLine(engineVersion),
    },
  },
};
