import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import type { PropertyMap, StepOp } from "../../contracts/contracts.ts";
import type { EngineEvent, StepEventMetadata, StepEventState, SummaryEvent } from "../../contracts/events.ts";
import { SIGNATURE, SIGNATURES, UNKNOWN } from "../../values/properties.ts";
import { type DisplayOptions, createDisplay } from "../../display/display.ts";
import { rootUrn } from "../support.ts";

type Content = Partial<EngineEvent>;
const masked = { [SIGNATURE]: SIGNATURES.secret, ciphertext: "[secret]" };
const bucketType = "aws:s3/bucket:Bucket";
const urnOf = (type: string, name: string) => (type === "stack" ? rootUrn : `urn:pulumi:dev::shop::${type}::${name}`);

interface StepContent {
  type?: string;
  name?: string;
  old?: PropertyMap | null;
  now?: PropertyMap | null;
  outputs?: PropertyMap;
  diffs?: string[];
  logical?: boolean;
}

function metadata(op: StepOp, content: StepContent): StepEventMetadata {
  const { type = bucketType, name = "b", old = null, now = {}, outputs = {}, diffs, logical = true } = content;
  const urn = urnOf(type, name);
  const fullType = type === "stack" ? "pulumi:pulumi:Stack" : type;
  const state = (inputs: PropertyMap | null): StepEventState | null =>
    inputs && {
      type: fullType,
      urn,
      id: type === "stack" ? "" : "id-1",
      parent: type === "stack" ? "" : rootUrn,
      inputs,
      outputs,
      provider: "",
    };
  return {
    op,
    urn,
    type: fullType,
    old: state(old),
    new: state(now),
    detailedDiff: null,
    provider: "",
    logical,
    ...(diffs && { diffs }),
  };
}

const pre = (op: StepOp, content: StepContent = {}): Content => ({
  resourcePreEvent: { metadata: metadata(op, content) },
});
const done = (op: StepOp, content: StepContent = {}): Content => ({
  resOutputsEvent: { metadata: metadata(op, content) },
});
const failed = (op: StepOp, content: StepContent = {}): Content => ({
  resOpFailedEvent: { metadata: metadata(op, content), status: 0, steps: 0 },
});
const summary = (resourceChanges: SummaryEvent["resourceChanges"], more: Partial<SummaryEvent> = {}): Content => ({
  summaryEvent: {
    maybeCorrupt: false,
    durationSeconds: 3,
    resourceChanges,
    isPreview: false,
    result: "succeeded",
    ...more,
  },
});
const says = (severity: "error" | "warning" | "info", message: string, more: object = {}): Content => ({
  diagnosticEvent: {
    severity,
    message: `${message}\n`,
    prefix: severity === "info" ? "" : `${severity}: `,
    color: "never",
    ...more,
  },
});
const stackStep = { type: "stack", name: "shop-dev" };

/** What a display prints, with a clock that goes on by a second with each event. */
async function shown(events: Content[], options: Partial<DisplayOptions> = {}): Promise<string> {
  const stream = new PassThrough();
  let seconds = 0;
  const display = createDisplay({
    stream,
    isTerminal: false,
    color: false,
    preview: false,
    now: () => seconds * 1000,
    ...options,
  });
  for (const [sequence, event] of events.entries()) {
    seconds = sequence;
    display.onEvent({ sequence, timestamp: 0, ...event });
  }
  display.close();
  stream.end();
  return text(stream);
}

describe("the display of an operation", () => {
  it("is a line for each thing that begins and ends, where there is no terminal", async () => {
    const output = await shown(
      [
        pre("create", stackStep),
        pre("create"),
        done("create"),
        done("create", { ...stackStep, outputs: { url: "https://x", token: masked, list: [1, "a"] } }),
        summary({ create: 2, same: 1 }),
      ],
      { title: "Updating (dev):" },
    );

    expect(output).toMatchInlineSnapshot(`
      "Updating (dev):
       +  pulumi:pulumi:Stack shop-dev creating (0s)
       +  aws:s3:Bucket b creating (0s)
       +  aws:s3:Bucket b created (1s)
       +  pulumi:pulumi:Stack shop-dev created (3s)

      Outputs:
          list : [
              [0]: 1
              [1]: "a"
          ]
          token: [secret]
          url  : "https://x"

      Resources:
          + 2 created
          1 unchanged

      Duration: 3s
      "
    `);
  });

  it("is a plan of what would be done, in a preview", async () => {
    const output = await shown(
      [
        pre("same", { ...stackStep, old: {} }),
        done("same", { ...stackStep, old: {} }),
        pre("update", { old: { size: 1 }, now: { size: 2 }, diffs: ["size"] }),
        done("update", { old: { size: 1 }, now: { size: 2 }, diffs: ["size"] }),
        summary({ update: 1, same: 1 }, { isPreview: true }),
      ],
      { preview: true },
    );

    expect(output).toMatchInlineSnapshot(`
      " ~  aws:s3:Bucket b update [diff: ~size]

      Resources:
          ~ 1 to update
          1 unchanged
      "
    `);
  });

  it("tells a failure with all that was said of it", async () => {
    const output = await shown([
      pre("create", stackStep),
      pre("create"),
      says("info", "half way", { urn: urnOf(bucketType, "b"), ephemeral: true }),
      says("warning", "this is old", { urn: urnOf(bucketType, "b") }),
      says("error", "the cloud refused\nfor a reason", { urn: urnOf(bucketType, "b") }),
      failed("create"),
      says("error", "update failed"),
      summary({ create: 1 }, { result: "failed" }),
    ]);

    expect(output).toMatchInlineSnapshot(`
      " +  pulumi:pulumi:Stack shop-dev creating (0s)
       +  aws:s3:Bucket b creating (0s)
       +  aws:s3:Bucket b half way
       +  aws:s3:Bucket b warning: this is old
       +  aws:s3:Bucket b error: the cloud refused
       +  aws:s3:Bucket b creating failed 1 error; 1 warning
       +  pulumi:pulumi:Stack shop-dev error: update failed

      Diagnostics:
        pulumi:pulumi:Stack (shop-dev):
          error: update failed

        aws:s3/bucket:Bucket (b):
          warning: this is old
          error: the cloud refused
          for a reason

      Resources:
          + 1 created
          2 errored

      Duration: 3s
      "
    `);
  });

  it("tells what no resource says, though the stack itself was not heard of", async () => {
    const output = await shown([says("error", "the provider does not answer"), summary({}, { result: "failed" })], {
      stackUrn: urnOf("pulumi:pulumi:Stack", "shop-dev"),
    });

    expect(output).toContain("  pulumi:pulumi:Stack (shop-dev):\n    error: the provider does not answer\n");
    expect(output).toContain("    1 errored\n");
  });

  it("shows a replacement by its parts, and counts it once", async () => {
    const olds = { old: { name: "x" }, now: { name: "y" }, diffs: ["name"] };

    const output = await shown([
      pre("same", { ...stackStep, old: {} }),
      pre("create-replacement", { ...olds, logical: false }),
      done("create-replacement", { ...olds, logical: false }),
      pre("replace", olds),
      done("replace", olds),
      pre("delete-replaced", { ...olds, logical: false }),
      done("delete-replaced", { ...olds, logical: false }),
      summary({ replace: 1 }),
    ]);

    expect(output).toMatchInlineSnapshot(`
      " ++ aws:s3:Bucket b creating replacement (0s) [diff: ~name]
       ++ aws:s3:Bucket b created replacement (1s) [diff: ~name]
       -- aws:s3:Bucket b deleting original (0s) [diff: ~name]
       -- aws:s3:Bucket b deleted original (1s) [diff: ~name]

      Resources:
          +-1 replaced

      Duration: 3s
      "
    `);
  });

  it("shows properties line by line when asked to, secrets and unknown values by those words", async () => {
    const output = await shown(
      [
        pre("same", { ...stackStep, old: {} }),
        pre("create", { name: "new", now: { a: "x", deep: { list: [1, { k: masked }] }, u: UNKNOWN, __defaults: [] } }),
        pre("update", {
          old: { same: 1, text: "a", gone: true, map: { k: 1, s: "s" }, list: ["x"], password: masked },
          now: { same: 1, text: "b", added: [1], map: { k: 2, s: "s" }, list: ["x", UNKNOWN], password: masked },
          diffs: ["text", "password"],
        }),
        pre("delete", { name: "old", old: { a: 1 }, now: null }),
        summary({ create: 1, update: 1, delete: 1 }),
      ],
      { diff: true },
    );

    expect(output).toMatchInlineSnapshot(`
      "+  aws:s3/bucket:Bucket: (create)
          [id=id-1]
          [urn=urn:pulumi:dev::shop::aws:s3/bucket:Bucket::new]
          a: "x"
          deep: {
            list: [
              [0]: 1
              [1]: {
                k: [secret]
              }
            ]
          }
          u: [unknown]
      ~  aws:s3/bucket:Bucket: (update)
          [id=id-1]
          [urn=urn:pulumi:dev::shop::aws:s3/bucket:Bucket::b]
        + added: [
        +   [0]: 1
        + ]
        - gone: true
        ~ list: [
        +   [1]: [unknown]
          ]
        ~ map: {
        ~   k: 1 => 2
          }
        ~ text: "a" => "b"
        ~ password: [secret] => [secret]
      -  aws:s3/bucket:Bucket: (delete)
          [id=id-1]
          [urn=urn:pulumi:dev::shop::aws:s3/bucket:Bucket::old]
          a: 1

      Resources:
          + 1 created
          ~ 1 updated
          - 1 deleted
          3 changes

      Duration: 3s
      "
    `);
  });

  it("tells what became of the outputs", async () => {
    const stream = [
      pre("same", { ...stackStep, old: {} }),
      {
        resOutputsEvent: {
          metadata: {
            ...metadata("same", { ...stackStep, old: {} }),
            old: state({ kept: 1, moved: "a", gone: 1 }),
            new: state({ kept: 1, moved: "b", came: UNKNOWN }),
          },
        },
      },
      summary({ same: 1 }),
    ];

    expect(await shown(stream)).toMatchInlineSnapshot(`
      "
      Outputs:
        + came : [unknown]
        - gone : 1
          kept : 1
        ~ moved: "a" => "b"

      Resources:
          1 unchanged

      Duration: 3s
      "
    `);
    expect(await shown(stream, { suppressOutputs: true })).not.toContain("Outputs:");
  });

  it("leaves out the providers that nobody asked for", async () => {
    const provider = { type: "pulumi:providers:aws", name: "default_7_0_0" };

    const output = await shown([
      pre("create", stackStep),
      pre("create", provider),
      done("create", provider),
      summary({ create: 1 }),
    ]);

    expect(output).not.toContain("providers");
  });

  it("paints only where colours are wanted", async () => {
    const events = [pre("create", stackStep), done("create", stackStep), summary({ create: 1 })];

    expect(await shown(events)).not.toContain("\u001b[");
    expect(await shown(events, { color: true })).toContain("\u001b[32m");
  });

  it("takes the colours out of what a program says where none are wanted", async () => {
    const events = [pre("create", stackStep), says("error", "\u001b[31mred\u001b[39m stack"), summary({})];

    expect(await shown(events)).toContain("error: red stack");
  });

  it.each([true, false])("leaves a terminal nothing to obey but colours (wanted: %s)", async (color) => {
    const events = [
      pre("create", stackStep),
      says("warning", "named \u001b]0;title\u0007\u001b[2J\u009b31m\r\u202e by a stranger"),
      pre("update", { old: { name: "\u009b31m" }, now: { name: "\u202e" } }),
      summary({}),
    ];

    for (const diff of [true, false]) {
      const output = await shown(events, { color, diff });
      // oxlint-disable-next-line no-control-regex -- colours begin with one
      expect(output.replaceAll(/\u001b\[\d+m|\n/g, "")).not.toMatch(/[\p{Cc}\u202e]/u);
      expect(output).toContain("by a stranger");
    }
  });

  it("is a tree that is drawn again in place, on a terminal", async () => {
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 100, rows: 20 });
    const display = createDisplay({ stream, isTerminal: true, color: false, preview: false, now: () => 0 });

    for (const [sequence, event] of [
      pre("create", stackStep),
      pre("create", { name: "first" }),
      done("create", { name: "first" }),
      pre("create", { name: "second" }),
      done("create", { name: "second" }),
      summary({ create: 3 }),
    ].entries())
      display.onEvent({ sequence, timestamp: 0, ...event });
    display.close();
    stream.end();

    const output = stripVTControlCharacters(await text(stream));
    expect(output).toMatchInlineSnapshot(`
      "    Type                 Name      Status         Info
       +  pulumi:pulumi:Stack  shop-dev  creating (0s)
       +  ├─ aws:s3:Bucket     first     created (0s)
       +  └─ aws:s3:Bucket     second    created (0s)

      Resources:
          + 3 created

      Duration: 3s
      "
    `);
  });
});

function state(outputs: PropertyMap): StepEventState {
  return { type: "pulumi:pulumi:Stack", urn: rootUrn, id: "", parent: "", inputs: {}, outputs, provider: "" };
}
