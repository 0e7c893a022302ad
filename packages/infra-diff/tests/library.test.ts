/** Each change's report is a file in `fixtures/reports/`, as a reviewer would read it. */
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { renderMarkdown } from "../markdown/report.ts";
import { reportSchema } from "../model.ts";
import { library } from "./support/library.ts";
import { reportOf } from "./support/report-of.ts";

describe("the report of", () => {
  it.each(Object.entries(library))("%s is the one that was read", async (name, change) => {
    const report = await reportOf(change);

    const text = renderMarkdown(report);

    await expect(text).toMatchFileSnapshot(`fixtures/reports/${name.replaceAll(/[ ,]+/g, "-")}.md`);
    expect(renderMarkdown(v.parse(reportSchema, await reportOf(change)))).toBe(text);
  });
});
