/** What holds for every report, whatever is in it. */
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { kindNameOf } from "../compared.ts";
import { shortened, visible } from "../escape.ts";
import { renderHtml } from "../html/page.ts";
import { renderMarkdown } from "../markdown/report.ts";
import { type Report, reportSchema, type ResourceChange } from "../model.ts";
import { createRandom } from "../../pulumi-engine/tests/core/random.ts";
import { formsOf, randomReport } from "./support/random-report.ts";
import { readMarkdown } from "./support/read-markdown.ts";

/** Characters that every encoding changes. */
const canaries = ['canary/secret+"of-the-channel"\\=', "0123456789abcdef-canary", "line one of it\nline two of it"];
const forms = canaries.flatMap(formsOf);

const sizes = [3, 12, 60, 400];
const seeds = Array.from({ length: 60 }, (_, seed) => ({ seed, most: sizes[seed % sizes.length] ?? 3 }));
const reports = seeds.map(({ seed, most }) => randomReport(createRandom(seed), { canaries, most }));

const elements =
  "html head meta title style body h1 h2 p ul li b code table tr th td section div details summary pre span footer svg g path rect text";
const tags = new Set(elements.split(" "));
const attributes =
  /^(?: (?:lang|charset|http-equiv|content|name|class|role|aria-label|viewBox|width|height|rx|x|y|d|transform)="[^"<>&]*")*\/?$/;

describe("any report", () => {
  it("as a page has no element and no attribute but the renderer's own", () => {
    for (const report of reports) {
      const [, body = ""] = renderHtml(report).split("</style>");
      const found = [...body.matchAll(/<(\/?)([^\s<>/]*)([^<>]*)>/g)];
      const isOther = ([, slash, tag = "", rest = ""]: RegExpExecArray): boolean =>
        !tags.has(tag) || (slash === "" && !attributes.test(rest));
      expect(found.filter(isOther)).toEqual([]);
      expect(body.replaceAll(/<\/?[a-z][^<>]*>/g, "")).not.toMatch(/[<>]/);
      expect(forms.filter((form) => body.includes(form))).toEqual([]);
    }
  });

  it("is one that can be read, and no text in it is more than code", () => {
    for (const report of reports) {
      const text = renderMarkdown(report, { fullReportUrl: "https://ci.example/run/1" });
      expect(readMarkdown(text).headings).toContain("Infrastructure");
    }
  });

  it.each([65_000, 20_000, 8_000])("is never longer than %i bytes", (limit) => {
    for (const report of reports)
      expect(Buffer.byteLength(renderMarkdown(report, { limit }))).toBeLessThanOrEqual(limit);
  });

  it("holds no secret in any encoding", () => {
    for (const report of reports) {
      const text = renderMarkdown(report) + JSON.stringify(report);
      expect(forms.filter((form) => text.includes(form))).toEqual([]);
    }
  });

  it("says of every deletion and every replacement what it is", () => {
    const withFew = reports.filter((_, index) => (seeds[index]?.most ?? 0) <= 60);
    for (const report of withFew) {
      const { code } = readMarkdown(renderMarkdown(report));
      const texts = new Set(code);
      for (const name of goingIn(report))
        expect(
          name.some((form) => texts.has(form)),
          name[0],
        ).toBe(true);
    }
  });

  it("says how many changes there was no room for", () => {
    const [stack] = reports.flatMap(({ stacks }) => stacks);
    const changes = Array.from({ length: 5000 }, (_, index): ResourceChange => ({
      urn: "urn",
      type: "aws:sqs/queue:Queue",
      name: `queue-${index}`,
      kind: "delete",
      reasons: [],
      protected: false,
      properties: [],
    }));
    const [report] = reports;
    if (stack === undefined || report === undefined) throw new Error("no report is made");

    const text = renderMarkdown({ ...report, stacks: [{ ...stack, stack: "prod", changes }] });

    const shown = text.match(/deleted: `Queue queue-\d+`/g)?.length ?? 0;
    expect(text).toContain(`- and ${5000 - shown} more`);
    expect(text).toContain("Left out for length: ");
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(65_000);
  });

  it("as JSON is what the schema says", () => {
    for (const report of reports) expect(v.parse(reportSchema, JSON.parse(JSON.stringify(report)))).toEqual(report);
  });

  it("is the same text when it is rendered again", () => {
    for (const report of reports)
      expect(renderMarkdown(v.parse(reportSchema, JSON.parse(JSON.stringify(report))))).toBe(renderMarkdown(report));
  });
});

/** How the table and the list write them. */
function goingIn({ stacks }: Report): [name: string, ...others: string[]][] {
  const span = (text: string): string => visible(text).trim() || "(empty)";
  return stacks.flatMap(({ changes }) =>
    changes
      .filter(({ kind }) => kind === "delete" || kind === "replace")
      .map(({ type, name }): [string, string, string] => [
        span(name),
        span(shortened(`${kindNameOf(type)} ${name}`, 80)),
        // A pipe in a table brings its backslashes along twice.
        span(name).replaceAll(/\\+(?=\|)/g, (backslashes) => backslashes + backslashes),
      ]),
  );
}
