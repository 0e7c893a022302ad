/**
 * What a change does to the stacks, as plain data: everything that is shown, in whichever form, is in here, and every
 * text in here has been through the mask.
 */
import * as v from "valibot";

/** Texts that a stranger's code may have made: none is longer than what a reader would scroll through. */
const most = <T extends string | unknown[]>(length: number) => v.maxLength<T, number>(length);
const text = v.pipe(v.string(), most(10_000));
const longText = v.pipe(v.string(), most(200_000));
const listOf = <T>(item: v.GenericSchema<unknown, T>, length = 20_000) => v.pipe(v.array(item), most(length));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{40,64}$/));

/** The characters of our own words. */
const words = /^[A-Za-z0-9 .,:;()'"?%-]*$/;
/** What Markdown or GitHub would make more of: a domain, an emoji, a reference to an issue or a commit, a list. */
const moreThanWords = /\.[a-z0-9]|www\.|:\w|[a-z]-\d|\b(?=[0-9a-f]*\d)[0-9a-f]{7,40}\b|^ *(?:-|\d+[.)])/i;

/** A text of which some parts come from elsewhere: those are shown as code, whatever they hold. */
const phraseSchema = v.pipe(
  listOf(v.union([v.pipe(text, v.regex(words)), v.object({ code: text })]), 500),
  // Words are what they are together: `www.` and `example.` are none of them a link.
  v.check((parts) => joined(parts).every((part) => typeof part !== "string" || !moreThanWords.test(part))),
);
export type Phrase = (string | { code: string })[];

/** Neighbouring words are one. */
export function joined(phrase: Phrase): Phrase {
  const parts: Phrase = [];
  for (const part of phrase) {
    const last = parts.at(-1);
    if (typeof part === "string" && typeof last === "string") parts[parts.length - 1] = last + part;
    else parts.push(part);
  }
  return parts;
}

export const secretText = "[secret]";
export const unknownText = "[known after the deployment]";
export const digestText = "[digest]";
export const otherDigestText = "[another digest]";

const propertySchema = v.object({
  /** Such as `environment.variables.LOG_LEVEL`; inside of JSON text, too. */
  path: text,
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
  urn: text,
  /** Where it was renamed or moved. */
  formerUrn: v.optional(text),
  type: text,
  name: text,
  kind: v.picklist(kinds),
  /** The properties that force a replacement, and what those follow from. */
  reasons: listOf(v.object({ path: text, because: v.optional(text) })),
  /** Whether Pulumi or AWS refuses to let it go. */
  protected: v.boolean(),
  properties: listOf(propertySchema),
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
  stacks: listOf(text),
  phrase: phraseSchema,
});
export type Finding = v.InferOutput<typeof findingSchema>;

const stackSchema = v.object({
  stack: text,
  status: v.picklist(["unchanged", "changed", "new", "gone", "broken"]),
  /** Why it cannot be deployed, or compared. */
  problems: listOf(longText, 1000),
  notes: listOf(phraseSchema),
  unchanged: count,
  changes: listOf(changeSchema),
  outputs: listOf(propertySchema),
  settings: listOf(propertySchema),
  graph: v.object({
    nodes: listOf(v.object({ urn: text, type: text, name: text, kind: v.picklist([...kinds, "same"]) })),
    /** An edge leads from what needs to what is needed, by position among the nodes. */
    edges: listOf(v.tuple([count, count])),
  }),
});
export type StackDiff = v.InferOutput<typeof stackSchema>;

const artifactSideSchema = v.object({
  sha256: digest,
  /** Bytes of the zip, and of what is in it. */
  size: count,
  unpacked: count,
});
const codeSchema = v.object({
  files: listOf(
    v.object({
      path: text,
      kind: v.picklist(["add", "remove", "change"]),
      /** Lines; absent of a binary file. */
      added: v.optional(count),
      removed: v.optional(count),
    }),
  ),
  artifacts: listOf(
    v.object({ name: text, former: v.optional(artifactSideSchema), now: v.optional(artifactSideSchema) }),
  ),
  dependencies: listOf(
    v.object({
      name: text,
      former: v.optional(text),
      now: v.optional(text),
      /** Named by the project itself. */
      direct: v.boolean(),
      /** Needed for development only. */
      dev: v.boolean(),
    }),
  ),
});
export type CodeDiff = v.InferOutput<typeof codeSchema>;
export type ArtifactSide = v.InferOutput<typeof artifactSideSchema>;

const sideSchema = v.object({ name: text, commit: v.optional(digest) });

export const reportSchema = v.object({
  version: v.literal(1),
  /** Against what: the base's own program, or what is deployed. */
  mode: v.picklist(["programs", "live"]),
  base: sideSchema,
  head: sideSchema,
  labels: listOf(v.picklist(labels)),
  findings: listOf(findingSchema),
  stacks: listOf(stackSchema),
  code: v.optional(codeSchema),
  notes: listOf(phraseSchema),
});
export type Report = v.InferOutput<typeof reportSchema>;

/** What stands in the placeholders is shown as code. */
export function say(words: TemplateStringsArray, ...values: (string | number)[]): Phrase {
  return words
    .flatMap((word, index) => [word, ...(index < values.length ? [{ code: String(values[index]) }] : [])])
    .filter((part) => part !== "");
}
