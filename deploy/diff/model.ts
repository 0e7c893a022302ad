/**
 * What a change does to the stacks, as plain data: everything that is shown, in whichever form, is in here, and every
 * text in here has been through the mask.
 */
import * as v from "valibot";

/**
 * The characters of our own words. Whoever reads a report that somebody else's program wrote finds nothing in them that
 * Markdown or GitHub would make more of: no markup, no link, no mention, no reference.
 */
const words = /^(?:[A-Za-z0-9 ,:;()'"?%-]|\.(?![A-Za-z0-9]))*$/;

/** A text of which some parts come from elsewhere: those are shown as code, whatever they hold. */
const phraseSchema = v.array(v.union([v.pipe(v.string(), v.regex(words)), v.object({ code: v.string() })]));
export type Phrase = v.InferOutput<typeof phraseSchema>;

export const secretText = "[secret]";
export const unknownText = "[known after the deployment]";
export const digestText = "[digest]";
export const otherDigestText = "[another digest]";

const propertySchema = v.object({
  /** Such as `environment.variables.LOG_LEVEL`; inside of JSON text, too. */
  path: v.string(),
  kind: v.picklist(["add", "remove", "change"]),
  /** JSON; absent of what was added, and where it is secret. */
  former: v.optional(v.unknown()),
  now: v.optional(v.unknown()),
  secret: v.boolean(),
  /** Whether it forces a replacement. */
  replaces: v.boolean(),
});
export type PropertyChange = v.InferOutput<typeof propertySchema>;

const kinds = ["create", "update", "replace", "delete", "read", "import", "forget", "rename", "options"] as const;
export type ChangeKind = (typeof kinds)[number];

const changeSchema = v.object({
  urn: v.string(),
  /** Where it was renamed or moved. */
  formerUrn: v.optional(v.string()),
  type: v.string(),
  name: v.string(),
  kind: v.picklist(kinds),
  /** Of a replacement: the properties that force it, and what those follow from. */
  reasons: v.array(v.object({ path: v.string(), because: v.optional(v.string()) })),
  /** Whether Pulumi refuses to let it go. */
  protected: v.boolean(),
  properties: v.array(propertySchema),
});
export type ResourceChange = v.InferOutput<typeof changeSchema>;

/** What a workflow may want to label or to stop. */
export const labels = [
  "delete",
  "replace",
  "create",
  "update",
  "iam",
  "data-loss",
  "webhook-url",
  "secret",
  "protection",
  "alarms",
  "region",
  "cost",
  "limits",
  "outputs",
  "code",
  "dependencies",
  "broken",
] as const;
export type Label = (typeof labels)[number];

const findingSchema = v.object({
  weight: v.picklist(["danger", "caution", "notice"]),
  label: v.optional(v.picklist(labels)),
  stacks: v.array(v.string()),
  phrase: phraseSchema,
});
export type Finding = v.InferOutput<typeof findingSchema>;

const stackSchema = v.object({
  stack: v.string(),
  status: v.picklist(["unchanged", "changed", "new", "gone", "broken"]),
  /** Why it cannot be deployed, or compared. */
  problems: v.array(v.string()),
  notes: v.array(phraseSchema),
  unchanged: v.number(),
  changes: v.array(changeSchema),
  outputs: v.array(propertySchema),
  settings: v.array(propertySchema),
  graph: v.object({
    nodes: v.array(
      v.object({ urn: v.string(), type: v.string(), name: v.string(), kind: v.picklist([...kinds, "same"]) }),
    ),
    /** From what needs to what is needed, by position among the nodes. */
    edges: v.array(v.tuple([v.number(), v.number()])),
  }),
});
export type StackDiff = v.InferOutput<typeof stackSchema>;

const artifactSideSchema = v.object({
  sha256: v.string(),
  /** Bytes of the zip, and of what is in it. */
  size: v.number(),
  unpacked: v.number(),
});
const codeSchema = v.object({
  files: v.array(
    v.object({
      path: v.string(),
      kind: v.picklist(["add", "remove", "change"]),
      /** Lines; absent of a binary file. */
      added: v.optional(v.number()),
      removed: v.optional(v.number()),
    }),
  ),
  artifacts: v.array(
    v.object({ name: v.string(), former: v.optional(artifactSideSchema), now: v.optional(artifactSideSchema) }),
  ),
  dependencies: v.array(
    v.object({
      name: v.string(),
      former: v.optional(v.string()),
      now: v.optional(v.string()),
      /** Named by the project itself. */
      direct: v.boolean(),
      /** Needed for development only. */
      dev: v.boolean(),
    }),
  ),
});
export type CodeDiff = v.InferOutput<typeof codeSchema>;
export type ArtifactSide = v.InferOutput<typeof artifactSideSchema>;

const sideSchema = v.object({ name: v.string(), commit: v.optional(v.string()) });

export const reportSchema = v.object({
  version: v.literal(1),
  /** Against what: the base's own program, or what is deployed. */
  mode: v.picklist(["programs", "live"]),
  base: sideSchema,
  head: sideSchema,
  labels: v.array(v.picklist(labels)),
  findings: v.array(findingSchema),
  stacks: v.array(stackSchema),
  code: v.optional(codeSchema),
  notes: v.array(phraseSchema),
});
export type Report = v.InferOutput<typeof reportSchema>;

/** What stands in the placeholders is shown as code. */
export function say(words: TemplateStringsArray, ...values: (string | number)[]): Phrase {
  return words
    .flatMap((word, index) => [word, ...(index < values.length ? [{ code: String(values[index]) }] : [])])
    .filter((part) => part !== "");
}
