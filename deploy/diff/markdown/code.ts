import { cellSpan, codeSpan } from "../escape.ts";
import type { ArtifactSide, CodeDiff } from "../model.ts";
import { table } from "./phrases.ts";

/** Files by folder, bundles by size, dependencies by version. */
export function codeLines(code: CodeDiff): string[] {
  const parts = [filesLine(code.files), ...bundleLines(code.artifacts), ...dependencyLines(code.dependencies)];
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

function filesLine(files: CodeDiff["files"]): string {
  if (files.length === 0) return "No file changes.\n";
  const [added, removed] = [sum(files, "added"), sum(files, "removed")];
  const numbers = `${count(files.length, "file")} (+${added} −${removed} lines)`;
  if (files.length <= mostFiles) return `${numbers}: ${files.map(({ path }) => codeSpan(path)).join(", ")}\n`;
  const folders = Map.groupBy(files, ({ path }) => folderOf(path));
  const list = [...folders].map(([folder, inside]) => `${codeSpan(folder)} (${inside.length})`);
  return `${numbers} in ${[...list.slice(0, mostFiles), ...(list.length > mostFiles ? [`${list.length - mostFiles} more folders`] : [])].join(", ")}\n`;
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
  const rows = changed.map(({ name, former, now }) => [
    cellSpan(name),
    sizesOf(former, now, "size"),
    sizesOf(former, now, "unpacked"),
  ]);
  return [...table(["Bundle", "Zip", "Unpacked"], rows), ""];
}

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
  const rank = ({ direct, dev }: CodeDiff["dependencies"][number]): number => (dev ? 2 : 0) + (direct ? 0 : 1);
  const sorted = dependencies.toSorted((one, other) => rank(one) - rank(other));
  const rows = sorted
    .slice(0, mostDependencies)
    .map(({ name, former, now, direct, dev }) => [
      cellSpan(name),
      former === undefined ? "" : cellSpan(former),
      now === undefined ? "gone" : cellSpan(now),
      [direct ? "" : "by another package", dev ? "development" : ""].filter(Boolean).join(", "),
    ]);
  const more = dependencies.length - rows.length;
  return [
    ...table(["Dependency", "Was", "Is", ""], rows),
    "",
    ...(more > 0 ? [`and ${count(more, "more dependency", "more dependencies")}.`, ""] : []),
  ];
}
