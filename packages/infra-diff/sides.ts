/** Stacks of two checkouts, evaluated: base deployed into nothing, head over that. */
import path from "node:path";
import { toolEnvironment } from "@pulumi-line-bot/kit/tool-environment";
import { isObject, kindOf, someValue } from "@pulumi-line-bot/pulumi-engine/values/properties";
import { findProgram, createSource } from "@pulumi-line-bot/pulumi-engine/program";
import { findProject, type Project } from "@pulumi-line-bot/pulumi-engine/project/project-file";
import { deployInMemory, type Deployed, type DeployOptions, type StackProgram } from "./evaluate.ts";
import { tidyProblem } from "./problem.ts";
import {
  completeSettings,
  type CompletedSettings,
  type StackSettings,
  toEvaluated,
  tryReadSettings,
} from "./settings.ts";

export interface EvaluatedStack {
  stack: string;
  settings: CompletedSettings;
  /** Settings as the files have them. */
  written: { base: StackSettings | undefined; head: StackSettings | undefined };
  base: DeployedSide | undefined;
  head: DeployedSide | undefined;
}

interface DeployedSide extends Deployed {
  /** The bundles that the program made, by name. */
  artifacts: ReadonlyMap<string, string>;
}

export async function evaluateStack(
  baseFolder: string,
  headFolder: string,
  stack: string,
  signal: AbortSignal,
): Promise<EvaluatedStack> {
  const [base, head] = await Promise.all([findProject(baseFolder), findProject(headFolder)]);
  const written = { base: await tryReadSettings(base, stack), head: await tryReadSettings(head, stack) };
  const settings = completeSettings(written.base, written.head);
  const deployedBase = settings.base && (await deploy(base, stack, settings.base, { side: "base", signal }));
  // What cannot be deployed leaves nothing that a comparison could start from.
  const isComparable = deployedBase === undefined || deployedBase.problems.length === 0;
  const deployedHead =
    settings.head && isComparable
      ? await deploy(head, stack, settings.head, { side: "head", signal, former: deployedBase?.snapshot })
      : undefined;
  return { stack, settings, written, base: deployedBase, head: deployedHead };
}

async function deploy(
  project: Project,
  stack: string,
  settings: StackSettings,
  options: DeployOptions,
): Promise<DeployedSide> {
  const { pwd } = await findProgram(project);
  const quick = await deployInMemory(await programOf(withPlainStacks(project), stack, settings), options);
  // Where it went wrong is worth the time that stack traces take.
  const deployed =
    quick.problems.length === 0 ? quick : await deployInMemory(await programOf(project, stack, settings), options);
  const problems = deployed.problems.map((problem) => tidyProblem(problem, project.folder));
  return { ...deployed, problems, artifacts: problems.length > 0 ? new Map() : artifactsIn(deployed.snapshot, pwd) };
}

function artifactsIn({ resources }: Deployed["snapshot"], folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const { inputs = {} } of resources)
    someValue(inputs, (value) => {
      const file = kindOf(value) === "archive" && isObject(value) ? value["path"] : undefined;
      if (typeof file === "string" && file.endsWith(".zip")) found.set(path.basename(file), path.resolve(folder, file));
      return false;
    });
  return found;
}

async function programOf(project: Project, stack: string, settings: StackSettings): Promise<StackProgram> {
  const program = await findProgram(project);
  const evaluated = toEvaluated(settings, project, stack);
  const about = { stack, ...evaluated };
  const env = toolEnvironment();
  const source = createSource({
    project,
    program,
    organization: "organization",
    ...about,
    env,
    client: undefined,
    runner: undefined,
  });
  return { project: project.name, ...about, source };
}

const plainStacks = new URL("./plain-stacks.mjs", import.meta.url).href;

function withPlainStacks(project: Project): Project {
  const { name, options } = project.runtime;
  const given = options["nodeargs"];
  const nodeargs = [...(typeof given === "string" ? [given] : []), `--import ${plainStacks}`].join(" ");
  return { ...project, runtime: { name, options: { ...options, nodeargs } } };
}
