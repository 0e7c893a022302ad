/** Stacks against what is deployed of them, as Pulumi's own preview sees it. */
import * as v from "valibot";
import { tryParseJson } from "@pulumi-line-bot/kit/json";
import type { PropertyMap, StepOp } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { mapProperties, secret } from "@pulumi-line-bot/pulumi-engine/values/properties";
import { isProviderType, parseUrn } from "@pulumi-line-bot/pulumi-engine/values/urn";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { formatFingerprint, takeFingerprint } from "../fingerprint.ts";
import { localStack } from "../local-stack.ts";
import { type PulumiCommand, runPulumi } from "../pulumi-command.ts";
import { writeWhereLineIs } from "../stack-engines.ts";
import { makeLocalStack, type StackPlace, withPlaces } from "../stack-place.ts";
import { buildReport } from "@pulumi-line-bot/infra-diff/build-report";
import { compareStack, type State } from "@pulumi-line-bot/infra-diff/compared";
import type { EvaluatedStep } from "@pulumi-line-bot/infra-diff/evaluate";
import { type Phrase, type Report, say, secretText } from "@pulumi-line-bot/infra-diff/model";
import { secretsOfEnvironment } from "@pulumi-line-bot/infra-diff/environment";
import { type StackResult, toStackDiff } from "@pulumi-line-bot/infra-diff/stack-diff";

const properties = v.custom<PropertyMap>((value) => typeof value === "object" && value !== null);
const urns = v.optional(v.array(v.string()), []);
const stateSchema = v.object({
  urn: v.string(),
  type: v.string(),
  custom: v.optional(v.boolean(), false),
  id: v.optional(v.string(), ""),
  parent: v.optional(v.string(), ""),
  protect: v.optional(v.boolean(), false),
  inputs: v.optional(properties, {}),
  outputs: v.optional(properties, {}),
  dependencies: urns,
  propertyDependencies: v.optional(v.record(v.string(), v.nullable(v.array(v.string()))), {}),
});

/** What `pulumi preview --json` prints. */
const digestSchema = v.object({
  steps: v.optional(
    v.array(
      v.object({
        op: v.custom<StepOp>((value) => typeof value === "string"),
        urn: v.string(),
        oldState: v.nullish(stateSchema),
        newState: v.nullish(stateSchema),
        replaceReasons: v.nullish(v.array(v.string())),
        detailedDiff: v.nullish(
          v.record(
            v.string(),
            v.object({
              kind: v.picklist(["add", "add-replace", "delete", "delete-replace", "update", "update-replace"]),
              inputDiff: v.optional(v.boolean(), false),
            }),
          ),
        ),
      }),
    ),
    [],
  ),
  diagnostics: v.optional(v.array(v.object({ message: v.string(), severity: v.string() })), []),
});
type Digest = v.InferOutput<typeof digestSchema>;

/** What `pulumi stack export` prints, without decrypting anything. */
const exportSchema = v.object({
  deployment: v.nullish(v.object({ resources: v.optional(v.array(stateSchema), []) })),
});

export async function compareLive(stacks: string[], { local = false } = {}): Promise<Report> {
  const results = await withPlaces(stacks, { local }, async (places) => {
    const all: StackResult[] = [];
    for (const place of places) all.push(await previewStack(place));
    return all;
  });
  return buildReport({
    mode: "live",
    base: { name: "what is deployed" },
    head: { name: "the working tree" },
    stacks: results,
    code: undefined,
    notes: [],
    secrets: secretsOfEnvironment(),
  });
}

async function previewStack(place: StackPlace): Promise<StackResult> {
  const { stack } = place;
  const pulumi = await commandFor(place);
  const preview = await runPulumi(pulumi, ["preview", "--json", "--non-interactive", "--stack", stack]);
  const former = await runPulumi(pulumi, ["stack", "export", "--stack", stack]);
  const digest = v.safeParse(digestSchema, tryParseJson(preview.stdout));
  const exported = v.safeParse(exportSchema, tryParseJson(former.stdout));
  if (!digest.success || !exported.success)
    throw new UserError(
      `\`${pulumi.name} preview --stack ${stack}\` failed: ${(preview.stderr || former.stderr).trim()}`,
    );
  const notes = await fingerprintOf(place);
  return toLiveResult(stack, digest.output, exported.output.deployment?.resources ?? [], notes);
}

async function commandFor(place: StackPlace): Promise<PulumiCommand> {
  const { pulumi, stack, target } = place;
  const configFile = target && stack === localStack ? await writeWhereLineIs(target.lineUrl) : pulumi.configFile;
  const command = { ...pulumi, configFile };
  await makeLocalStack({ ...place, pulumi: command });
  return command;
}

export function toLiveResult(stack: string, digest: Digest, exported: Exported[], notes: Phrase[]): StackResult {
  const problems = digest.diagnostics
    .filter(({ severity }) => severity === "error")
    .map(({ message }) => message.trim());
  const steps = problems.length > 0 ? [] : digest.steps;
  const described = new Set(steps.map(({ urn }) => urn));
  const unchanged = problems.length > 0 ? [] : exported.filter(({ urn }) => !described.has(urn) && !isInternal(urn));
  const known = new Map(exported.map((state) => [state.urn, state]));
  const states = (side: "oldState" | "newState"): State[] => [
    ...steps.flatMap((step) => toState(step[side], known)),
    ...unchanged.flatMap((state) => toState(state, known)),
  ];
  const all = compareStack({
    stack,
    former: states("oldState"),
    now: states("newState"),
    steps: [...toSteps(steps), ...unchanged.map(toSame)],
  });
  // A preview does not print what the outputs will be.
  const compared = { ...all, outputs: { former: {}, now: {} } };
  const status = problems.length > 0 ? "broken" : exported.length === 0 ? "new" : undefined;
  return { compared, diff: toStackDiff(compared, { status, problems, notes, settings: [] }) };
}

export type Exported = v.InferOutput<typeof stateSchema>;

const isInternal = (urn: string): boolean => isProviderType(parseUrn(urn).type);

/** A preview prints a secret as a word, and leaves out what depends on what. */
function toState(state: Exported | null | undefined, known: Map<string, Exported>): State[] {
  if (!state) return [];
  const marked = (map: PropertyMap): PropertyMap =>
    mapProperties(map, (value) => (value === secretText ? secret(value) : value));
  const { dependencies, propertyDependencies } = known.get(state.urn) ?? state;
  const named = Object.entries(propertyDependencies).map(([name, found]) => [name, found ?? []] as const);
  return [
    {
      ...state,
      inputs: marked(state.inputs),
      outputs: marked(state.outputs),
      dependencies,
      propertyDependencies: Object.fromEntries(named),
    },
  ];
}

/** A replacement is several steps: one says that it is, another one why. */
function toSteps(steps: Digest["steps"]): EvaluatedStep[] {
  const keys = new Map<string, string[]>();
  for (const { urn, replaceReasons } of steps) if (replaceReasons?.length) keys.set(urn, replaceReasons);
  const isPart = (op: StepOp): boolean => /-replacement$|-replaced$/.test(op);
  return steps
    .filter(({ op }) => !isPart(op))
    .map(({ op, urn, oldState, detailedDiff }) => ({
      op,
      urn,
      formerUrn: oldState?.urn,
      keys: keys.get(urn) ?? [],
      detailedDiff: detailedDiff
        ? Object.fromEntries(
            Object.entries(detailedDiff).map(([path, { kind, inputDiff }]) => [path, { diffKind: kind, inputDiff }]),
          )
        : null,
    }));
}

const toSame = ({ urn }: Exported): EvaluatedStep => ({
  op: "same",
  urn,
  formerUrn: urn,
  keys: [],
  detailedDiff: null,
});

async function fingerprintOf(place: StackPlace): Promise<Phrase[]> {
  const fingerprint = await takeFingerprint(place).catch((error: unknown) => {
    // Sources without their repository can be compared all the same.
    if (error instanceof UserError) return undefined;
    throw error;
  });
  if (fingerprint === undefined) return [];
  const text = formatFingerprint(fingerprint);
  const where = place.target === undefined || place.stack === localStack ? "" : " --local";
  return [say`To deploy just this: ${`npm run up -- ${place.stack}${where} --expect ${text}`}`];
}
