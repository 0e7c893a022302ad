import { resolve } from "node:path";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import type { FileBackend } from "../backend/file-backend.ts";
import { type StackReference, parseStackReference } from "../backend/stack-reference.ts";
import { type Project, findProject, tryFindProject } from "../project/project-file.ts";
import { readSelectedStack } from "../project/selected-stack.ts";
import {
  type Environment,
  type StackWorkspace,
  findBackend,
  noSuchStack,
  openStack,
  pulumiHome,
} from "../workspace.ts";
import type { Command } from "./arguments.ts";
import { StackNotFound } from "./exit-codes.ts";

/** What a command runs in. */
export interface Context {
  cwd: string;
  env: Environment;
  project: Project | undefined;
  backend: FileBackend;
  home: string;
}

export async function openContext({ flags }: Command): Promise<Context> {
  const env = process.env;
  const cwd = resolve(flags.text("cwd") ?? process.cwd());
  const project = await tryFindProject(cwd);
  return { cwd, env, project, backend: await findBackend(project, cwd, env), home: pulumiHome(env) };
}

/** The stack that a command is about: named, in `PULUMI_STACK`, or selected. */
export async function stackNameOf(context: Context, { flags }: Command, positional?: string): Promise<string> {
  const named = flags.text("stack");
  if (named !== undefined && positional !== undefined) {
    throw new UserError("only one of --stack or argument stack name may be specified, not both");
  }
  const name = positional ?? named ?? context.env["PULUMI_STACK"] ?? (await selectedStack(context));
  if (name === undefined)
    throw new UserError(
      "no stack selected; please use `pulumi stack select` or `pulumi stack init` to choose one, or name one with --stack",
    );
  return name;
}

export async function selectedStack({ project, home, backend }: Context): Promise<string | undefined> {
  return project && (await readSelectedStack(home, project, backend.url));
}

/** A stack that exists, for commands that need no project. */
export async function requireStack(context: Context, command: Command, positional?: string): Promise<StackReference> {
  const stack = parseStackReference(await stackNameOf(context, command, positional), context.project?.name);
  if (!(await context.backend.exists(stack))) throw new StackNotFound(noSuchStack(stack.name));
  return stack;
}

/** A stack that exists, with its project and its settings. */
export async function requireWorkspace(context: Context, command: Command): Promise<StackWorkspace> {
  await requireStack(context, command);
  return openStack({
    project: context.project ?? (await findProject(context.cwd)),
    backend: context.backend,
    stack: await stackNameOf(context, command),
    env: context.env,
    configFile: command.flags.text("config-file"),
  });
}
