import * as v from "valibot";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { noStackExitCode, runPulumi } from "../pulumi-command.ts";
import type { StackPlace } from "../stack-place.ts";

const properties = v.record(v.string(), v.unknown());
const resource = v.object({
  urn: v.string(),
  type: v.string(),
  id: v.optional(v.string()),
  protect: v.optional(v.boolean()),
  delete: v.optional(v.boolean()),
  modified: v.optional(v.string()),
  inputs: v.optional(properties, {}),
  outputs: v.optional(properties, {}),
});
const exported = v.object({
  deployment: v.nullish(v.object({ resources: v.optional(v.array(resource), []) })),
});
export type ExportedResource = v.InferOutput<typeof resource>;

/** The resources of a stack's state, secrets encrypted. `undefined` if there is no such stack. */
export async function tryExport({ pulumi, stack }: StackPlace): Promise<ExportedResource[] | undefined> {
  const { code, stdout, stderr } = await runPulumi(pulumi, ["stack", "export", "--stack", stack]);
  if (code === noStackExitCode) return undefined;
  if (code !== 0) throw new UserError(`\`${pulumi.name} stack export --stack ${stack}\` failed: ${stderr.trim()}`);
  return v.parse(exported, JSON.parse(stdout)).deployment?.resources ?? [];
}
