/** What GitHub's runner tells a step, and what a step tells the runner. */
import { randomUUID } from "node:crypto";
import { appendFile, readFile } from "node:fs/promises";
import * as v from "valibot";
import { UserError } from "@pulumi-line-bot/kit/user-error";

/** @throws {UserError} outside of a workflow. */
export function requireEnv(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") {
    throw new UserError(`${name} is not set: this runs in a GitHub workflow, which sets it.`);
  }
  return value;
}

/** The event that the workflow was started for. */
export async function readEvent<T>(schema: v.GenericSchema<unknown, T>): Promise<T> {
  return v.parse(schema, JSON.parse(await readFile(requireEnv("GITHUB_EVENT_PATH"), "utf8")));
}

/** Markdown on the run's page. */
export async function addSummary(markdown: string): Promise<void> {
  const file = process.env["GITHUB_STEP_SUMMARY"];
  if (file !== undefined) await appendFile(file, `${markdown.trimEnd()}\n\n`);
}

/** For the steps and jobs after this one. */
export async function setOutput(name: string, value: string): Promise<void> {
  if (/[\r\n]/.test(value)) throw new Error(`The output ${name} has more than one line`);
  await appendFile(requireEnv("GITHUB_OUTPUT"), `${name}=${value}\n`);
}

/**
 * What is printed meanwhile is text, also where a line of it begins like one of the runner's commands.
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#stopping-and-starting-workflow-commands
 */
export async function withoutCommands<T>(print: () => T | Promise<T>): Promise<T> {
  if (process.env["GITHUB_ACTIONS"] !== "true") return print();
  const token = randomUUID();
  console.log(`::stop-commands::${token}`);
  try {
    return await print();
  } finally {
    console.log(`::${token}::`);
  }
}

/** Where a reader finds this run. */
export const runUrl = (): string =>
  `${requireEnv("GITHUB_SERVER_URL")}/${requireEnv("GITHUB_REPOSITORY")}/actions/runs/${requireEnv("GITHUB_RUN_ID")}`;
