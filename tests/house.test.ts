/** The house: who may import whom, and what a file and a sentence may be. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const root = path.dirname(import.meta.dirname);
const scope = "@pulumi-line-bot/";

const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
});
const files = listed.split("\n").filter((file) => /\.(ts|mjs|cjs|js)$/.test(file) && !file.includes("/fixtures/"));
const sources = files.filter((file) => !/(^|\/)tests\//.test(file));

/** The package that a file is in; the program at the root is the empty name. */
const packageOf = (file: string): string => /^packages\/([\w-]+)\//.exec(file)?.[1] ?? "";

interface Import {
  from: string;
  to: string;
}

/** Types included, which the linter's rule against cycles leaves out. */
const imports: Import[] = files.flatMap((from) =>
  ts.preProcessFile(readFileSync(path.join(root, from), "utf8"), true, true).importedFiles.flatMap(({ fileName }) => {
    const to = toFile(from, fileName);
    return to === undefined ? [] : [{ from, to }];
  }),
);

function toFile(from: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return path.join(path.dirname(from), specifier);
  if (!specifier.startsWith(scope)) return undefined;
  const [name = "", ...door] = specifier.slice(scope.length).split("/");
  return path.join("packages", name, `${door.join("/")}.ts`);
}

describe("a package", () => {
  test("is entered by its name, and knows the others by theirs", () => {
    const byPath = imports.filter(
      ({ from, to }) => packageOf(from) !== packageOf(to) && sources.includes(from) && packageOf(to) !== "",
    );
    const relative = byPath.filter(({ from, to }) => {
      const text = readFileSync(path.join(root, from), "utf8");
      return !text.includes(`"${scope}${packageOf(to)}/${doorOf(to)}"`);
    });

    expect(relative).toEqual([]);
  });

  test("knows none above it, the program included", () => {
    const up = imports.filter(
      ({ from, to }) => packageOf(from) !== "" && packageOf(to) === "" && sources.includes(from),
    );

    expect(up).toEqual([]);
    expect(findCircles(packageEdges(), 1)).toEqual([]);
  });
});

test("no circle of imports, types included, has more than five files", () => {
  const edges = new Map(sources.map((file) => [file, [] as string[]]));
  for (const { from, to } of imports) if (edges.has(to)) edges.get(from)?.push(to);

  expect(edges.size).toBeGreaterThan(400);
  expect(findCircles(edges, 5)).toEqual([]);
});

/** Words that a reader whose first language is another one stumbles over, and what to write. */
const words: readonly [found: RegExp, advice: string][] = [
  [/\bwhoever\b/i, "anyone who"],
  [/\banew\b/i, "again"],
  [/\bmend(s|ed|ing)?\b/i, "fix"],
  [/\b(is|are) told(?! (to|not|apart|what|which|of)\b)/i, "is reported, is shown"],
  [/\bUndefined: /, "`undefined` if"],
  [/(?:\/\*\*|\/\/|^\s*\*) (?:Of|By|With|From|As) /m, "a sentence with a subject and a verb"],
];

/** What names the words itself, and what a command wrote. */
const isExempt = (file: string): boolean => /house\.test\.ts$|^CONTRIBUTING\.md$|\/fixtures\/|LICENSE/.test(file);

test.each(
  [...files, ...listed.split("\n").filter((file) => /\.(md|yml)$/.test(file))].filter((file) => !isExempt(file)),
)("%s is in plain words", (file) => {
  const lines = readFileSync(path.join(root, file), "utf8").split("\n");

  const found = lines.flatMap((line, index) =>
    words.flatMap(([word, advice]) =>
      word.test(line) ? [`${file}:${index + 1}: ${line.trim()} (write: ${advice})`] : [],
    ),
  );

  expect(found).toEqual([]);
});

const doorOf = (file: string): string => file.split("/").slice(2).join("/").replace(/\.ts$/, "");

function packageEdges(): Map<string, string[]> {
  const edges = new Map<string, string[]>();
  for (const { from, to } of imports) {
    const [one, other] = [packageOf(from), packageOf(to)];
    if (one !== other && sources.includes(from)) edges.set(one, [...(edges.get(one) ?? []), other]);
  }
  return edges;
}

/** Tarjan's strongly connected components with more members than that. */
function findCircles(edges: ReadonlyMap<string, readonly string[]>, most: number): string[][] {
  const order = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (node: string): number => {
    order.set(node, order.size);
    let low = order.size - 1;
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (stack.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    if (low === order.get(node)) {
      const circle = stack.splice(stack.indexOf(node));
      if (circle.length > most) circles.push(circle.toSorted());
    }
    return low;
  };
  for (const node of edges.keys()) if (!order.has(node)) visit(node);
  return circles;
}
