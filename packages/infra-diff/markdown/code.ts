import { toMarkdown } from "../escape.ts";
import { type ArtifactSide, type CodeDiff, type Phrase, say } from "../model.ts";
import { codes, separated, table } from "./phrases.ts";

/** Files by folder, bundles by size, dependencies by version. */
export function codeLines(code: CodeDiff): string[] {
  const parts = [
    toMarkdown(filesLine(code.files)),
    "",
    ...bundleLines(code.artifacts),
    ...dependencyLines(code.dependencies),
  ];
  return ["### Code", "", ...parts];
}

/** The least that says something of all of it. */
export function codeCounts({ files, artifacts, dependencies }: CodeDiff): string[] {
  const changed = artifacts.filter(isChanged).length;
  return [
    "### Code",
    "",
    `${count(files.length, "file")}, ${count(changed, "bundle")} and ${count(dependencies.length, "dependency", "dependencies")} change.`,
    "",
  ];
}

const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`;

const mostFiles = 12;

export function filesLine(files: CodeDiff["files"]): Phrase {
  if (files.length === 0) return ["No file changes."];
  const [added, removed] = [sum(files, "added"), sum(files, "removed")];
  const numbers = `${count(files.length, "file")} (+${added} −${removed} lines)`;
  if (files.length <= mostFiles) return [`${numbers}: `, ...codes(files.map(({ path }) => path))];
  const folders = Map.groupBy(files, ({ path }) => folderOf(path));
  const list = [...folders].map(([folder, inside]): Phrase => [{ code: folder }, ` (${inside.length})`]);
  const more: Phrase[] = list.length > mostFiles ? [[`${list.length - mostFiles} more folders`]] : [];
  return [`${numbers} in `, ...separated([...list.slice(0, mostFiles), ...more])];
}

const sum = (files: CodeDiff["files"], key: "added" | "removed"): number =>
  files.reduce((total, file) => total + (file[key] ?? 0), 0);

const folderOf = (path: string): string =>
  path.includes("/") ? `${path.split("/").slice(0, -1).slice(0, 2).join("/")}/` : path;

const isChanged = ({ former, now }: CodeDiff["artifacts"][number]): boolean => former?.sha256 !== now?.sha256;

function bundleLines(artifacts: CodeDiff["artifacts"]): string[] {
  const changed = artifacts.filter(isChanged);
  if (changed.length === 0)
    return artifacts.length === 0 ? [] : ["The functions' bundles are the same, byte for byte.", ""];
  return [...table(bundleHeader, bundleRows(artifacts)), ""];
}

export const bundleHeader = ["Bundle", "Zip", "Unpacked"];

export const bundleRows = (artifacts: CodeDiff["artifacts"]): Phrase[][] =>
  artifacts
    .filter(isChanged)
    .map(({ name, former, now }) => [say`${name}`, [sizesOf(former, now, "size")], [sizesOf(former, now, "unpacked")]]);

function sizesOf(former: ArtifactSide | undefined, now: ArtifactSide | undefined, key: "size" | "unpacked"): string {
  if (former === undefined) return `${kilobytes(now?.[key] ?? 0)} (new)`;
  if (now === undefined) return `gone (was ${kilobytes(former[key])})`;
  const difference = now[key] - former[key];
  return `${kilobytes(now[key])} (${difference === 0 ? "same size" : `${difference > 0 ? "+" : "−"}${kilobytes(Math.abs(difference))}`})`;
}

const kilobytes = (bytes: number): string => (bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} kB`);

const mostDependencies = 20;

export function dependencyLines(dependencies: CodeDiff["dependencies"]): string[] {
  if (dependencies.length === 0) return [];
  const rows = dependencyRows(dependencies).slice(0, mostDependencies);
  const more = dependencies.length - rows.length;
  return [
    ...table(dependencyHeader, rows),
    "",
    ...(more > 0 ? [`and ${count(more, "more dependency", "more dependencies")}.`, ""] : []),
  ];
}

export const dependencyHeader = ["Dependency", "Was", "Is", ""];

/** Those that run come first, and of those the ones that the project names itself. */
export function dependencyRows(dependencies: CodeDiff["dependencies"]): Phrase[][] {
  const rank = ({ direct, dev }: CodeDiff["dependencies"][number]): number => (dev ? 2 : 0) + (direct ? 0 : 1);
  return dependencies
    .toSorted((one, other) => rank(one) - rank(other))
    .map(({ name, former, now, direct, dev }) => [
      say`${name}`,
      former === undefined ? [] : say`${former}`,
      now === undefined ? ["gone"] : say`${now}`,
      [[direct ? "" : "by another package", dev ? "development" : ""].filter(Boolean).join(", ")],
    ]);
}
