/** Makes the report of two programs as data, all in this process. */
import { buildReport, secretsIn } from "../../build-report.ts";
import { deployInMemory } from "../../evaluate.ts";
import type { CodeDiff, Report } from "../../model.ts";
import { completeSettings, type StackSettings, toEvaluated } from "../../settings.ts";
import { toStackResult } from "../../stack-diff.ts";
import type { Project } from "@pulumi-line-bot/pulumi-engine/project/project-file";
import { botProgram, botSettings } from "./bot.ts";
import { type DeclaredProgram, sourceOf } from "./program.ts";

export interface Side {
  program: DeclaredProgram;
  /** The setting as in the stack's file. */
  settings: Record<string, unknown>;
  encryption: string;
}

const project: Project = {
  name: "bot",
  folder: "/",
  file: "/Pulumi.yaml",
  main: ".",
  runtime: { name: "nodejs", options: {} },
  stackConfigFolder: "/",
  config: {},
  refreshAlways: false,
};

const botSide = (): Side => ({ program: botProgram(), settings: botSettings(), encryption: "" });

export type Edit = (side: Side) => void;

/** What the edit does to the bot's backend. */
export async function reportOf(change: { base?: Edit; edit: Edit; code?: CodeDiff }): Promise<Report> {
  const { base: editBase, edit, code } = change;
  const [base, head] = [botSide(), botSide()];
  editBase?.(base);
  edit(head);
  return reportBetween(base, head, code);
}

async function reportBetween(
  base: Side | undefined,
  head: Side | undefined,
  code?: CodeDiff,
  stack = "prod",
): Promise<Report> {
  const written = { base: base && toSettings(base), head: head && toSettings(head) };
  const settings = completeSettings(written.base, written.head);
  const { signal } = new AbortController();
  const deploy = (program: Side, completed: StackSettings, side: "base" | "head", former?: Deployed["snapshot"]) =>
    deployInMemory(
      {
        project: project.name,
        stack,
        ...toEvaluated(completed, project, stack),
        source: sourceOf(program.program, project.name, stack),
      },
      { side, signal, former },
    );
  const deployedBase = base && settings.base && (await deploy(base, settings.base, "base"));
  const deployedHead = head && settings.head && (await deploy(head, settings.head, "head", deployedBase?.snapshot));
  const evaluated = {
    stack,
    settings,
    written,
    base: deployedBase && { ...deployedBase, artifacts: new Map<string, string>() },
    head: deployedHead && { ...deployedHead, artifacts: new Map<string, string>() },
  };
  return buildReport({
    mode: "programs",
    base: { name: "origin/main", commit: "1111111111111111111111111111111111111111" },
    head: { name: "change", commit: "2222222222222222222222222222222222222222" },
    stacks: [toStackResult(evaluated)],
    code,
    notes: [],
    secrets: [deployedBase, deployedHead].flatMap((side) => (side ? [...secretsIn(side.snapshot)] : [])),
  });
}

type Deployed = Awaited<ReturnType<typeof deployInMemory>>;

const toSettings = ({ settings, encryption }: Side): StackSettings => ({
  values: settings as StackSettings["values"],
  encryption,
});
