/** Texts that are harmless alone: what is made of them is harmless in any order, too. */
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { renderHtml } from "../html/page.ts";
import { renderMarkdown } from "../markdown/report.ts";
import { type Phrase, type Report, reportSchema } from "../model.ts";
import { createRandom, type Random } from "../../pulumi-engine/tests/core/random.ts";
import { hostile, hostileWords } from "./support/random-report.ts";
import { readMarkdown } from "./support/read-markdown.ts";

const reportWith = (phrase: Phrase): Report => ({
  version: 1,
  mode: "programs",
  base: { name: "main", commit: "1".repeat(40) },
  head: { name: "change", commit: "2".repeat(40) },
  labels: [],
  findings: [{ weight: "notice", stacks: ["dev"], phrase }],
  stacks: [
    {
      stack: "dev",
      status: "changed",
      problems: [],
      notes: [phrase],
      unchanged: 0,
      changes: [],
      outputs: [],
      settings: [],
      graph: { nodes: [], edges: [] },
    },
  ],
  notes: [phrase],
});

/** Reads a report as the workflow that comments does: `undefined` where the schema refuses the report. */
function commentOn(report: Report): string | undefined {
  const read = v.safeParse(reportSchema, JSON.parse(JSON.stringify(report)));
  return read.success ? renderMarkdown(read.output) : undefined;
}

const code = (random: Random) => ({
  code: Array.from({ length: random.int(4) }, () => random.pick(hostile)).join(random.pick(["", " "])),
});
const sequence = (random: Random, words: readonly string[]): Phrase =>
  Array.from({ length: random.int(7) + 1 }, () => (random.chance(0.7) ? code(random) : random.pick(words)));
const seeds = Array.from({ length: 600 }, (_, seed) => seed);

describe("neighbouring texts", () => {
  it("that would be a link, an image and a mention together are code", () => {
    const phrase = [
      { code: "@org/team [click](https://evil.example) <img src=https://evil.example/t.png> `" },
      { code: "b" },
    ];

    const comment = commentOn(reportWith(phrase)) ?? "";

    const times = 3;
    const { code: spans } = readMarkdown(comment);
    expect(spans.filter((span) => span === phrase[0]?.code)).toHaveLength(times);
    expect(spans.filter((span) => span === "b")).toHaveLength(times);
  });

  it.each([
    ["a domain", ["See www.", "evil.", "example"]],
    ["a reference to an issue", ["As in GH-", "1"]],
    ["a reference to a commit", ["As in 1a2b3c4", "d5e6f70"]],
    ["an emoji", ["As in :ta", "da:"]],
  ])("that would be %s together are no report", (_what, phrase) => {
    expect(commentOn(reportWith(phrase))).toBeUndefined();
  });

  it("are code and words, each for itself, whatever comes after what", () => {
    for (const seed of seeds) {
      const phrase = sequence(createRandom(seed), ["", " ", "the queue ", " is replaced: ", "(2 %). "]);

      const comment = commentOn(reportWith(phrase)) ?? "";

      const { code: spans } = readMarkdown(comment);
      const expected = phrase.filter((part) => typeof part !== "string").length;
      // Above the fold, in the stack's notes, and in the report's.
      expect(spans, `seed ${seed}: ${comment}`).toHaveLength(2 + 4 + 3 * expected);
    }
  });

  it("are refused or harmless where a report brings words of its own", () => {
    const taken = seeds.filter((seed) => {
      const report = reportWith(sequence(createRandom(seed), hostileWords));
      const comment = commentOn(report);
      if (comment !== undefined) readMarkdown(comment);
      return comment !== undefined;
    });

    expect(taken.length).toBeGreaterThan(0);
    expect(taken.length).toBeLessThan(seeds.length);
  });

  it("are no element of the page", () => {
    for (const seed of seeds) {
      const [, body = ""] = renderHtml(reportWith(sequence(createRandom(seed), ["<img src=x>", "words"]))).split(
        "<body>",
      );

      expect(
        body.replaceAll(/<\/?(?:body|html|h1|h2|ul|li|b|code|p|section|div|footer)(?: class="[a-z]+")?>/g, ""),
      ).not.toMatch(/[<>]/);
    }
  });
});
