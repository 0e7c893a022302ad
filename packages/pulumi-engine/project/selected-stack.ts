import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { tryReadText, writeDurably } from "@pulumi-line-bot/kit/files";
import type { Project } from "./project-file.ts";

const settingsSchema = v.looseObject({
  stack: v.optional(v.string()),
  stacks: v.optional(v.record(v.string(), v.string())),
});

/** The stack that a person selected for a project, by backend, where the Pulumi CLI keeps it too. */
export async function readSelectedStack(
  home: string,
  project: Project,
  backendUrl: string,
): Promise<string | undefined> {
  const settings = await readSettings(settingsPath(home, project));
  return settings.stacks?.[backendUrl] ?? settings.stack;
}

/** Undefined takes the selection back. */
export async function writeSelectedStack(
  home: string,
  project: Project,
  backendUrl: string,
  stack: string | undefined,
): Promise<void> {
  const path = settingsPath(home, project);
  const { stack: _legacy, stacks = {} } = await readSettings(path);
  const { [backendUrl]: _former, ...others } = stacks;
  const next = stack === undefined ? others : { ...others, [backendUrl]: stack };
  if (Object.keys(next).length === 0) await rm(path, { force: true });
  else await writeDurably(path, JSON.stringify({ stacks: next }));
}

async function readSettings(path: string): Promise<v.InferOutput<typeof settingsSchema>> {
  const text = await tryReadText(path);
  return text === undefined ? {} : v.parse(settingsSchema, JSON.parse(text));
}

function settingsPath(home: string, project: Project): string {
  const digest = createHash("sha1").update(project.file).digest("hex");
  return join(home, "workspaces", `${project.name}-${digest}-workspace.json`);
}
