import { join } from "node:path";
import { UserError } from "@pulumi-line-bot/kit/user-error";

/** A stack of a file backend. The organization is always `organization` there. */
export interface StackReference {
  project: string;
  name: string;
}

export const organization = "organization";

const projectName = /^[A-Za-z0-9_.-]{1,100}$/;
const stackName = /^[A-Za-z0-9_.-]{1,100}$/;

/** Accepts `<stack>`, `organization/<stack>` and `organization/<project>/<stack>`. */
export function parseStackReference(text: string, currentProject: string | undefined): StackReference {
  const parts = text.split("/");
  const name = parts.at(-1) ?? "";
  const owner = parts.length > 1 ? parts[0] : organization;
  const project = parts.length === 3 ? parts[1] : currentProject;
  if (parts.length > 3 || !stackName.test(name)) {
    throw new UserError(
      `${JSON.stringify(text)} is not a stack's name: write letters, digits, hyphens, underscores and periods`,
    );
  }
  if (owner !== organization) {
    throw new UserError(
      `organization name must be 'organization' with a file backend, not ${JSON.stringify(owner)}: write ${organization}/${project ?? "<project>"}/${name}`,
    );
  }
  if (project === undefined) {
    throw new UserError(
      `no Pulumi.yaml project file found: run this in a project's folder, or write ${organization}/<project>/${name}`,
    );
  }
  if (!projectName.test(project)) throw new UserError(`${JSON.stringify(project)} is not a project's name`);
  return { project, name };
}

export function qualifiedName({ project, name }: StackReference): string {
  return `${organization}/${project}/${name}`;
}

/**
 * Where a file backend keeps what belongs to a stack, as Pulumi does since project-scoped stacks:
 *
 *     .pulumi/meta.yaml
 *     .pulumi/stacks/<project>/<stack>.json        the checkpoint, .bak the one before, .pulumi-tags its tags
 *     .pulumi/backups/<project>/<stack>/           checkpoints after each operation
 *     .pulumi/history/<project>/<stack>/           what each operation did, with the checkpoint after it
 *     .pulumi/locks/organization/<project>/<stack>/  one file for each holder
 */
export function stackPaths(root: string, stack: StackReference) {
  const home = join(root, ".pulumi");
  const base = join(home, "stacks", stack.project, stack.name);
  return {
    checkpoint: `${base}.json`,
    previous: `${base}.json.bak`,
    /** What holds room for the next checkpoint, beside it; no listing of stacks takes its name for one. */
    reserve: join(home, "stacks", stack.project, `.${stack.name}.reserve`),
    tags: `${base}.pulumi-tags`,
    backups: join(home, "backups", stack.project, stack.name),
    history: join(home, "history", stack.project, stack.name),
    locks: join(home, "locks", organization, stack.project, stack.name),
  };
}
