import { expect, it } from "vitest";
import { parseDiffOptions } from "../../../deploy/diff/options.ts";

it("compares the working tree with the default branch, all stacks, where nothing is said", () => {
  expect(parseDiffOptions([])).toMatchObject({
    compared: { base: "origin/main", head: undefined, stacks: [] },
    out: undefined,
    stopOn: [],
  });
});

it("takes stacks and kinds of change, several of each", () => {
  const args = ["--live", "--stack", "dev", "--stack", "prod", "--fail-on", "delete,iam"];
  expect(parseDiffOptions(args)).toMatchObject({
    compared: { live: ["dev", "prod"], local: false },
    stopOn: ["delete", "iam"],
  });
});

it.each([
  [["--format", "pdf"], '--format is markdown, html, json, not "pdf"'],
  [["--fail-on", "everything"], "--fail-on takes delete, replace, create"],
  [["--full-report-url", "javascript:alert(1)"], "--full-report-url takes an address that begins with https://"],
  [["--live"], "--live needs --stack"],
  [["--live", "--head", "main"], "--live compares the working tree"],
  [["--local"], "--local belongs to --live"],
  [["--base", "--output=x"], "--base"],
  [["main"], "Not understood"],
])("refuses %j", (args, message) => {
  expect(() => parseDiffOptions(args)).toThrow(message);
});
