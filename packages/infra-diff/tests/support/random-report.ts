/** Reports that nobody would write: any number of changes, and texts made to break out of wherever they stand. */
import { maskReport } from "../../mask-report.ts";
import { createMask } from "../../mask.ts";
import { labels, type PropertyChange, type Report, type ResourceChange, say } from "../../model.ts";
import type { Random } from "../../../pulumi-engine/tests/core/random.ts";

export const hostile = [
  "`",
  "```",
  "`````",
  "|",
  String.raw`\|`,
  "\\",
  "</details>",
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "@everyone",
  "@org/team",
  "#1",
  "owner/repo#2",
  "[link](https://evil.example)",
  "![](https://evil.example/x.png)",
  "\n\n# Title\n\n",
  "\r\n| a | b |\r\n",
  "$(rm -rf /)",
  "${{ secrets.TOKEN }}",
  "::set-output name=x::y",
  "*",
  "_",
  "~",
  "&lt;",
  "\u202e",
  "\u200b",
  "\0",
  "漢字",
  "👩‍👩‍👧‍👧",
  "word",
  "  ",
  "",
];

/** What passes for words, and is more than that next to others. */
export const hostileWords = [
  "www.",
  "evil.",
  "example",
  "GH-",
  "1",
  ":",
  "tada",
  "1. ",
  "- ",
  "---",
  "    ",
  "1a2b3c4",
  "d5e6f70",
  "(",
  "",
  " ",
  "https:",
  "words ",
];

function createTexts(random: Random, canaries: string[]) {
  const text = (most: number): string =>
    Array.from({ length: random.int(most) + 1 }, () =>
      random.chance(0.1) ? encoded(random, random.pick(canaries)) : random.pick(hostile),
    ).join(random.pick(["", " ", "-"]));
  return { text };
}

/** Forms in which a secret gets into places where nobody looks for it. */
function encoded(random: Random, secret: string): string {
  const bytes = Buffer.from(secret);
  return random.pick([
    () => secret,
    () => JSON.stringify({ inside: secret }),
    () => JSON.stringify(JSON.stringify([secret])),
    () => encodeURIComponent(secret),
    () => new URLSearchParams({ secret }).toString(),
    () => bytes.toString("hex"),
    () => bytes.toString("hex").toUpperCase(),
    () => bytes.toString("base64"),
    () => bytes.toString("base64url"),
    () => Buffer.from(`{"id":${random.int(1000)},"secret":"${secret}"}`).toString("base64"),
    () => Buffer.from(`${"x".repeat(random.int(3))}${secret}`).toString("base64url"),
  ])();
}

export function randomReport(random: Random, { canaries, most }: { canaries: string[]; most: number }): Report {
  const { text } = createTexts(random, canaries);
  const value = (depth: number): unknown =>
    random.pick([
      () => text(6),
      () => random.int(1e6),
      () => random.chance(0.5),
      () => null,
      () => (depth > 2 ? text(2) : [value(depth + 1), value(depth + 1)]),
      () => (depth > 2 ? text(2) : { [text(2)]: value(depth + 1) }),
    ])();
  const property = (): PropertyChange => {
    const kind = random.pick(["add", "remove", "change"] as const);
    const secret = random.chance(0.1);
    return {
      path: text(3),
      kind,
      ...(secret || kind === "add" ? {} : { former: value(0) }),
      ...(secret || kind === "remove" ? {} : { now: value(0) }),
      secret,
      replaces: random.chance(0.2),
    };
  };
  const many = <T>(count: number, make: () => T): T[] => Array.from({ length: random.int(count + 1) }, make);
  const change = (): ResourceChange => {
    const kind = random.pick(["create", "update", "replace", "delete", "rename", "options", "import"] as const);
    return {
      urn: text(4),
      ...(kind === "rename" && { formerUrn: text(4) }),
      type: `aws:x/y:${text(1)}`,
      name: text(4),
      kind,
      reasons: kind === "replace" ? many(3, () => ({ path: text(2), because: text(2) })) : [],
      protected: random.chance(0.1),
      properties: many(6, property),
    };
  };
  const report: Report = {
    version: 1,
    mode: random.pick(["programs", "live"]),
    base: { name: text(3), commit: "1".repeat(40) },
    head: { name: text(3) },
    labels: [random.pick(labels)],
    findings: many(most / 4, () => ({
      weight: random.pick(["danger", "caution", "notice"]),
      stacks: [text(1)],
      phrase: say`The queue ${text(3)} becomes ${text(3)}.`,
    })),
    stacks: many(3, () => {
      const changes = many(most, change);
      return {
        stack: text(2),
        status: random.pick(["changed", "broken", "new", "gone"]),
        problems: many(2, () => text(20)),
        notes: many(2, () => say`${text(2)} is not set.`),
        unchanged: random.int(50),
        changes,
        outputs: many(4, property),
        settings: many(4, property),
        graph: {
          nodes: changes.map(({ urn, type, name, kind }) => ({ urn, type, name, kind })),
          edges: changes.slice(1).map((_, index): [number, number] => [index + 1, random.int(index + 1)]),
        },
      };
    }),
    code: {
      files: many(40, () => ({ path: text(3), kind: "change", added: 1, removed: 2 })),
      artifacts: [{ name: text(1), now: { sha256: "0".repeat(64), size: 10, unpacked: 20 } }],
      dependencies: many(30, () => ({
        name: text(1),
        now: text(1),
        direct: random.chance(0.5),
        dev: random.chance(0.5),
      })),
    },
    notes: many(3, () => say`${text(2)} is a note.`),
  };
  return maskReport(report, createMask(canaries));
}

/** Every form in which it could be read. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  return [
    secret,
    json,
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(secret),
    new URLSearchParams({ v: secret }).toString().slice(2),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    ...[0, 1, 2].flatMap((offset) => {
      const inner = Buffer.from(`${"x".repeat(offset)}${secret}`)
        .toString("base64")
        .slice(4, -4);
      return [inner, inner.replaceAll("+", "-").replaceAll("/", "_")];
    }),
  ];
}
