import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import * as v from "valibot";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { createInlineProgram } from "./adapters/inline-program.ts";
import type { PreparedNode } from "./adapters/child.ts";
import { createNodejsProgram, prepareRunner } from "./adapters/nodejs-program.ts";
import type { Source } from "./contracts/contracts.ts";
import type { Project } from "./project/project-file.ts";
import type { Environment } from "./workspace.ts";

/** Where a project's program is. */
export interface Program {
  /** Its working folder: relative paths in it start here. */
  pwd: string;
  /** What to run, relative to that. */
  main: string;
}

const nodejsOptions = v.looseObject({
  typescript: v.optional(v.boolean()),
  tsconfig: v.optional(v.string()),
  nodeargs: v.optional(v.string()),
});

/** A `main` that is a folder is worked in; one that is a file, in the folder that it is in. */
export async function findProgram({ folder, main, file }: Project): Promise<Program> {
  const path = resolve(folder, main);
  const found = await stat(path).catch((cause: unknown) => {
    throw new UserError(`main of ${file} names ${path}, which cannot be read`, { cause });
  });
  return found.isDirectory() ? { pwd: path, main: "." } : { pwd: dirname(path), main: basename(path) };
}

interface Runner {
  project: Project;
  program: Program;
  env: Environment;
  /** A language runtime that has the program, instead of the project's own. */
  client: string | undefined;
}

/** The project's own program's process, to be told later what it is to run. Close it: it may never be needed. */
export function prepareProgram({ project, program, env, client }: Runner): PreparedNode | undefined {
  if (client !== undefined || project.runtime.name !== "nodejs") return undefined;
  return prepareRunner({ pwd: program.pwd, env, runtimeOptions: runtimeOptions(project) });
}

export function createSource(
  options: Runner & {
    stack: string;
    organization: string;
    config: Record<string, string>;
    secretKeys: ReadonlySet<string>;
    runner: PreparedNode | undefined;
  },
): Source {
  const { project, program, env, client, runner, ...about } = options;
  const deployment = { ...about, project: project.name, root: project.folder, pwd: program.pwd };
  if (client !== undefined) return createInlineProgram({ ...deployment, client });
  if (project.runtime.name !== "nodejs") {
    throw new UserError(
      `${project.file} has the runtime ${project.runtime.name}, and the embedded engine runs nodejs only; use the Pulumi CLI`,
    );
  }
  return createNodejsProgram({
    ...deployment,
    main: program.main,
    env,
    runner,
    runtimeOptions: runtimeOptions(project),
  });
}

function runtimeOptions({ runtime, file }: Project) {
  const parsed = v.safeParse(nodejsOptions, runtime.options);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new UserError(`${file}: runtime.options.${v.getDotPath(issue) ?? ""}: ${issue.message}`);
  }
  const { typescript, tsconfig, nodeargs } = parsed.output;
  return {
    ...(typescript !== undefined && { typescript }),
    ...(tsconfig !== undefined && { tsconfig }),
    ...(nodeargs !== undefined && { nodeargs }),
  };
}
