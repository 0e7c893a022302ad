import { describe, expect, it } from "vitest";
import { maskForDisplay } from "../../values/masking.ts";
import {
  containsSecrets,
  containsUnknowns,
  equal,
  markSecretsLike,
  outputDependencies,
  secret,
  SIGNATURE,
  SIGNATURES,
  UNKNOWN,
  withoutMarks,
  withoutOutputs,
} from "../../values/properties.ts";
import { formatPath, parsePath, pathContains, resetPath } from "../../values/property-path.ts";
import { applyReplaceOnChanges, diffProperties, ignoreChanges, invertDiff } from "../../values/property-diff.ts";

const output = (fields: Record<string, never> | object) => ({ [SIGNATURE]: SIGNATURES.output, ...fields });
const asset = (hash: string, text: string) => ({ [SIGNATURE]: SIGNATURES.asset, hash, text });

describe("property values", () => {
  it.each([
    ["the same text", "a", "a", true],
    ["different numbers", 1, 2, false],
    ["an absent property and a null one", { a: 1 }, { a: 1, b: null }, true],
    ["a property that is there on one side", { a: 1 }, { a: 1, b: 0 }, false],
    ["a list and an object", [], {}, false],
    ["a secret and its value", secret("x"), "x", false],
    ["two secrets", secret({ a: 1 }), secret({ a: 1 }), true],
    ["assets with one content in two places", asset("h", "one"), asset("h", "two"), true],
    ["assets with different contents", asset("h", "one"), asset("i", "one"), false],
    ["two kinds of unknown values", UNKNOWN, "3eeb2bf0-c639-47a8-9e75-3b44932eb421", true],
  ])("compares %s", (_, a, b, expected) => {
    expect(equal(a, b)).toBe(expected);
    expect(equal(b, a)).toBe(expected);
  });

  it("finds secrets and unknown values at any depth", () => {
    expect(containsSecrets({ a: [{ b: secret(1) }] })).toBe(true);
    expect(containsSecrets({ a: [{ b: 1 }] })).toBe(false);
    expect(containsUnknowns({ a: [{ b: UNKNOWN }] })).toBe(true);
    expect(containsUnknowns({ a: output({}) })).toBe(true);
    expect(containsUnknowns({ a: output({ value: 1 }) })).toBe(false);
  });

  it("turns outputs into what they hold, and keeps that they were secret", () => {
    const map = {
      a: output({ value: 1 }),
      b: [output({ value: "x", secret: true })],
      c: output({ dependencies: ["urn:a"] }),
    } as never;

    expect(withoutOutputs(map)).toEqual({ a: 1, b: [secret("x")], c: UNKNOWN });
    expect(outputDependencies(map)).toEqual(new Set(["urn:a"]));
  });

  it("marks an output as secret where the input of its name holds a secret, inside objects", () => {
    const marked = markSecretsLike(
      { a: 1, b: { c: 2, d: 3 }, list: [1, 2] },
      { a: secret(1), b: { c: secret(2) }, list: [secret(1), 2] },
    );

    expect(marked).toEqual({ a: secret(1), b: { c: secret(2), d: 3 }, list: secret([1, 2]) });
  });

  it("shows neither secrets nor the text of assets", () => {
    const shown = maskForDisplay({ a: secret("hunter2"), b: asset("h", "long"), c: "plain hunter2" }, (text) =>
      text.replace("hunter2", "[secret]"),
    );

    expect(JSON.stringify(shown)).not.toContain("hunter2");
    expect(shown["a"]).toEqual({ [SIGNATURE]: SIGNATURES.secret, ciphertext: "[secret]" });
    expect(shown["b"]).toMatchObject({ hash: "h", text: "<contents elided>" });
  });

  it("unwraps secrets and outputs for a comparison of what they hold", () => {
    expect(withoutMarks({ a: secret({ b: secret(1) }), c: output({ value: 2 }) })).toEqual({
      a: { b: 1 },
      c: 2,
    });
  });
});

describe("property paths", () => {
  it.each([
    ["root", ["root"]],
    ["root.nested", ["root", "nested"]],
    ['root["a.b"].c', ["root", "a.b", "c"]],
    ["root[0][1].x", ["root", 0, 1, "x"]],
    ["root[*].x", ["root", "*", "x"]],
    ["*", ["*"]],
  ])("reads %s", (text, path) => {
    expect(parsePath(text)).toEqual(path);
    expect(parsePath(formatPath(path))).toEqual(path);
  });

  it.each(["root[", "root[x]", "a]"])("refuses %s", (text) => {
    expect(parsePath(text)).toBeUndefined();
  });

  it.each([
    ["tags", "tags.owner", true],
    ["tags.owner", "tags", false],
    ["*", "anything", true],
    ["list[*].name", "list[3].name", true],
    ["list[1]", "list[2]", false],
  ])("says whether %s names %s", (pattern, path, expected) => {
    expect(pathContains(parsePath(pattern) ?? [], parsePath(path) ?? [])).toBe(expected);
  });

  it.each([
    ["a changed property", "a", { a: 1 }, { a: 2 }, { a: 1 }],
    ["an added property", "a", {}, { a: 2 }, {}],
    ["a removed property", "a", { a: 1 }, {}, { a: 1 }],
    ["an element", "a[0]", { a: [1, 2] }, { a: [3, 4] }, { a: [1, 4] }],
    ["all elements' names", "a[*].n", { a: [{ n: 1 }] }, { a: [{ n: 2, m: 3 }] }, { a: [{ n: 1, m: 3 }] }],
    ["everything", "*", { a: 1, b: 2 }, { b: 3, c: 4 }, { a: 1, b: 2 }],
    ["a path that is on neither side", "a.b", {}, {}, {}],
    ["a value out of a secret", "a.b", { a: secret({ b: 1 }) }, { a: { b: 2 } }, { a: { b: secret(1) } }],
  ])("ignores the change of %s", (_, path, olds, news, expected) => {
    expect(resetPath(parsePath(path) ?? [], olds, news)).toEqual({ value: expected, ok: true });
  });

  it.each([
    ["an added element", "a[1]", { a: [1] }, { a: [1, 2] }, { a: [1, 2] }],
    ["a path below what is gone", "a.b", { a: { b: 1 } }, {}, {}],
    ["elements one of which was added", "a[*].n", { a: [{ n: 1 }] }, { a: [{ n: 2 }, {}] }, { a: [{ n: 1 }, {}] }],
    ["everything in a shorter list", "a[*]", { a: [1, 2] }, { a: [3] }, { a: [1] }],
  ])("says that it cannot ignore the change of %s, and ignores what it can", (_, path, olds, news, expected) => {
    expect(resetPath(parsePath(path) ?? [], olds, news)).toEqual({ value: expected, ok: false });
  });

  it("names the paths that cannot be ignored", () => {
    expect(ignoreChanges({ a: [1, 2], b: 2 }, { a: [1], b: 1 }, ["a[1]", "b"])).toEqual({
      inputs: { a: [1, 2], b: 1 },
      invalid: ["a[1]"],
    });
  });
});

describe("diffs", () => {
  const base = { changes: true, replaces: [], stables: [], diffs: [] };

  it("tells every difference by its path", () => {
    expect(
      diffProperties({ a: 1, b: { c: [1, 2] }, d: 1, same: 1 }, { a: 2, b: { c: [1, 3, 4] }, e: 1, same: 1 }),
    ).toEqual({
      changedKeys: ["a", "b", "d", "e"],
      detailedDiff: {
        a: { kind: "update", inputDiff: true },
        "b.c[1]": { kind: "update", inputDiff: true },
        "b.c[2]": { kind: "add", inputDiff: true },
        d: { kind: "delete", inputDiff: true },
        e: { kind: "add", inputDiff: true },
      },
    });
    expect(diffProperties({ a: 1 }, { a: 1, b: null })).toBeUndefined();
  });

  it("turns a diff round", () => {
    const diff = {
      ...base,
      detailedDiff: {
        a: { kind: "add" as const, inputDiff: true },
        b: { kind: "update-replace" as const, inputDiff: false },
      },
    };

    expect(invertDiff(diff).detailedDiff).toEqual({
      a: { kind: "delete", inputDiff: true },
      b: { kind: "update-replace", inputDiff: false },
    });
  });

  it("replaces where replaceOnChanges names what changed", () => {
    const diff = {
      ...base,
      diffs: ["tags", "size"],
      detailedDiff: {
        "tags.owner": { kind: "update" as const, inputDiff: true },
        size: { kind: "add" as const, inputDiff: true },
      },
    };

    const applied = applyReplaceOnChanges(diff, ["tags.owner", "size"], false);

    expect(applied.replaces).toEqual(["size"]);
    expect(applied.detailedDiff).toEqual({
      "tags.owner": { kind: "update-replace", inputDiff: true },
      size: { kind: "add-replace", inputDiff: true },
    });
  });

  it("replaces what did not come up well where that is asked for", () => {
    expect(applyReplaceOnChanges({ ...base, changes: false }, ["#initerror"], true)).toMatchObject({
      changes: true,
      replaces: ["#initerror"],
    });
    expect(applyReplaceOnChanges({ ...base, changes: false }, ["size"], true)).toMatchObject({
      changes: false,
      replaces: [],
    });
  });
});
