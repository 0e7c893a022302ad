import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { tryParseJson } from "@pulumi-line-bot/kit/json";
import type { Pin } from "../../infra/pin.ts";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { stackFile } from "../local-settings.ts";
import { runPulumi } from "../pulumi-command.ts";
import type { StackPlace } from "../stack-place.ts";
import { withTemporaryFolder } from "../temporary-folder.ts";
import { withPin } from "./pin-file.ts";

export interface Change {
  /** The step as Pulumi names it, such as `update`. */
  op: string;
  urn: string;
  type: string;
  name: string;
  /** The properties that make the change. */
  because: string[];
  /** Whether Pulumi would refuse to delete it. */
  isProtected: boolean;
}

export interface Preview {
  changes: Change[];
  errors: { urn?: string | undefined; message: string }[];
}

const state = v.object({ type: v.string(), protect: v.optional(v.boolean(), false) });
const digest = v.object({
  steps: v.optional(
    v.array(
      v.object({
        op: v.string(),
        urn: v.string(),
        oldState: v.optional(state),
        newState: v.optional(state),
        diffReasons: v.optional(v.array(v.string()), []),
      }),
    ),
    [],
  ),
  diagnostics: v.optional(
    v.array(v.object({ urn: v.optional(v.string()), message: v.string(), severity: v.string() })),
    [],
  ),
});

/** What an update would change, were the stack pinned to this; the stack's file stays as it is. */
export function previewPinned(place: StackPlace, pin: Pin): Promise<Preview> {
  const { pulumi, stack } = place;
  return withTemporaryFolder("pinned-", async (folder) => {
    const configFile = path.join(folder, `Pulumi.${stack}.yaml`);
    await writeFile(configFile, withPin(await readFile(settingsFile(place), "utf8"), pin));
    const command = ["preview", "--json", "--non-interactive", "--stack", stack];
    const { code, stdout, stderr } = await runPulumi({ ...pulumi, configFile }, command);
    const printed = v.safeParse(digest, tryParseJson(stdout));
    if (!printed.success)
      throw new UserError(`\`${pulumi.name} preview\` failed: ${stderr.trim() || `exit code ${code}`}`);
    return toPreview(printed.output, code, stderr);
  });
}

/** The file of this machine's stacks is not the committed one. */
export const settingsFile = ({ pulumi, stack }: StackPlace): string => pulumi.configFile ?? stackFile(stack);

function toPreview({ steps, diagnostics }: v.InferOutput<typeof digest>, code: number | null, stderr: string): Preview {
  const changes = steps.flatMap(({ op, urn, oldState, newState, diffReasons }) => {
    const type = (newState ?? oldState)?.type ?? "";
    const name = urn.split("::").at(-1) ?? urn;
    return op === "same"
      ? []
      : [{ op, urn, type, name, because: diffReasons, isProtected: oldState?.protect ?? false }];
  });
  const errors = diagnostics
    .filter(({ severity }) => severity === "error")
    .map(({ urn, message }) => ({ urn, message }));
  if (code !== 0 && errors.length === 0) errors.push({ urn: undefined, message: stderr.trim() || `exit code ${code}` });
  return { changes, errors };
}

const signs: Readonly<Record<string, string>> = { create: "+", update: "~", delete: "-", replace: "±", read: ">" };

export const describeChange = ({ op, type, name, because }: Change): string =>
  `${signs[op] ?? "±"} ${op} ${type} ${name}${because.length > 0 ? ` (${because.join(", ")})` : ""}`;

/** Such as `Api/bot`: short, and of one resource alone. */
export const shortName = ({ type, name }: Change): string => `${type.split(":").at(-1)}/${name}`;
