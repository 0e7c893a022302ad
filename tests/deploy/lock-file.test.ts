import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

interface Package {
  version?: string;
  resolved?: string;
  optionalDependencies?: Record<string, string>;
}

const { packages } = JSON.parse(readFileSync(path.join(import.meta.dirname, "../../package-lock.json"), "utf8")) as {
  packages: Record<string, Package>;
};
const manifest = JSON.parse(readFileSync(path.join(import.meta.dirname, "../../package.json"), "utf8")) as Record<
  "dependencies" | "devDependencies",
  Record<string, string>
>;

test("the lock file names no registry", () => {
  expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
});

test("the lock file holds the packages of every platform, without which `npm ci` refuses it", () => {
  const named = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies));
  const held = new Set(Object.keys(packages).map((place) => place.split("node_modules/").at(-1)));

  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !held.has(name))).toEqual([]);
});

test("every dependency is pinned to one version", () => {
  const wanted = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });

  expect(wanted.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});
