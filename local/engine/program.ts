import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import * as v from "valibot";
import { UserError } from "../../line/user-error.ts";
import { createInlineProgram } from "./adapters/inline-program.ts";
import { createNodejsProgram } from "./adapters/nodejs-program.ts";
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

export function createSource(options: {
  project: Project;
  program: Program;
  stack: string;
  organization: string;
  config: Record<string, string>;
  secretKeys: ReadonlySet<string>;
  env: Environment;
  /** A language runtime that has the program, instead of the project's own. */
  client: string | undefined;
}): Source {
  const { project, program, env, client, ...about } = options;
  const deployment = { ...about, project: project.name, root: project.folder, pwd: program.pwd };
  if (client !== undefined) return createInlineProgram({ ...deployment, client });
  if (project.runtime.name !== "nodejs") {
    throw new UserError(
      `${project.file} has the runtime ${project.runtime.name}, and the embedded engine runs nodejs only; use the Pulumi CLI`,
    );
  }
  return createNodejsProgram({ ...deployment, main: program.main, env, runtimeOptions: runtimeOptions(project) });
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
