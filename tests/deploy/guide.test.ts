/** The guide to the first deployment, in two languages, against what it speaks of. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { describeConsoleSteps, listConsoleSteps } from "../../deploy/console-steps.ts";

const root = path.join(import.meta.dirname, "..", "..");
const read = (file: string) => readFileSync(path.join(root, file), "utf8");
const guides = { English: read("docs/first-deployment.md"), 繁體中文: read("docs/first-deployment.zh-Hant.md") };

/** Without the comments, which are in the page's language. */
const commandsIn = (text: string) =>
  [...text.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = ""]) =>
    block.split("\n").flatMap((line) => line.replace(/\s*#.*/, "").trim() || []),
  );
const spansIn = (text: string) => [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
const linksIn = (text: string) => [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link = ""]) => link);
const stepsIn = (text: string) => [...text.matchAll(/^## (\d)\. /gm)].map(([, number]) => number);

/** Anchors as GitHub makes them. */
const toAnchor = (title: string) =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s-]/gu, "")
    .replaceAll(" ", "-");

test("both languages have the same steps, commands and links elsewhere", () => {
  const { English: english, 繁體中文: chinese } = guides;
  const elsewhere = (text: string) => linksIn(text).filter((link) => /^https|\.\.\/|decisions/.test(link));

  expect(stepsIn(chinese)).toEqual(stepsIn(english));
  expect(commandsIn(chinese)).toEqual(commandsIn(english));
  expect(elsewhere(chinese).toSorted()).toEqual(elsewhere(english).toSorted());
});

describe.each(Object.entries(guides))("%s", (_language, text) => {
  test("names commands that there are", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: object };
    const named = [...commandsIn(text), ...spansIn(text)].flatMap((each) => /^npm run ([\w-]+)/.exec(each)?.[1] ?? []);

    expect(new Set(named).size).toBeGreaterThan(5);
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  test("links to files that there are", () => {
    const files = linksIn(text).filter((link) => !/^(https|#)/.test(link));

    expect(files.length).toBeGreaterThan(3);
    expect(files.filter((file) => !existsSync(path.join(root, "docs", file.replace(/#.*/, ""))))).toEqual([]);
  });

  test("links to steps that there are", () => {
    const anchors = new Set([...text.matchAll(/^## (.+)$/gm)].map(([, title = ""]) => toAnchor(title)));
    const wanted = linksIn(text).filter((link) => link.startsWith("#"));

    expect(wanted).toHaveLength(8);
    expect(wanted.filter((link) => !anchors.has(link.slice(1)))).toEqual([]);
  });

  test("tells of every workflow, by its name", () => {
    const files = readdirSync(path.join(root, ".github/workflows"));
    const names = files.map((file) => (parse(read(`.github/workflows/${file}`)) as { name: string }).name);
    const rows = new Set([...text.matchAll(/^\| ([A-Z][\w ]+?) +\| /gm)].map(([, name]) => name));

    expect(names.filter((name) => !rows.has(name))).toEqual([]);
  });
});

test("the guide has the switches that the command line tells after the first deployment", () => {
  const place = { apiUrl: new URL("https://api.line.me"), botBasicId: "@bot", active: false };
  const told = stripVTControlCharacters(describeConsoleSteps(listConsoleSteps(place)));

  for (const name of ["Use webhook", "Webhook redelivery"]) {
    expect(told).toContain(name);
    for (const text of Object.values(guides)) expect(text).toContain(`**${name}**`);
  }
  for (const [word, row] of [
    [/group chats/, "**Allow bot to join group chats**"],
    [/auto-reply and greeting messages/, "**Auto-reply messages**"],
  ] as const) {
    expect(told).toMatch(word);
    expect(guides.English).toContain(row);
  }
});
