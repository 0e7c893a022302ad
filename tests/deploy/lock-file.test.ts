import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { nodePackage } from "../../infra/other-bytes.ts";

interface Package {
  version?: string;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  hasInstallScript?: boolean;
  optionalDependencies?: Record<string, string>;
}

const { packages } = JSON.parse(readFileSync(path.join(import.meta.dirname, "../../package-lock.json"), "utf8")) as {
  packages: Record<string, Package>;
};
const manifest = JSON.parse(readFileSync(path.join(import.meta.dirname, "../../package.json"), "utf8")) as Record<
  "dependencies" | "devDependencies" | "allowScripts",
  Record<string, string>
>;

test("the lock file names no registry", () => {
  const hosts = Object.values(packages).filter(({ resolved, link }) => resolved !== undefined && !link);

  expect(hosts).toEqual([]);
});

test("the lock file holds the packages of every platform, without which `npm ci` refuses it", () => {
  const named = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies));
  const held = new Set(Object.keys(packages).map((place) => place.split("node_modules/").at(-1)));

  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !held.has(name))).toEqual([]);
});

test("the lock file holds the digest of every package, so that no other bytes are installed", () => {
  const brought = Object.entries(packages).filter(([place, { link }]) => place.includes("node_modules/") && !link);

  expect(brought.length).toBeGreaterThan(500);
  expect(brought.filter(([, { integrity = "" }]) => !integrity.startsWith("sha512-"))).toEqual([]);
});

test("no install script runs, which could bring in bytes that are not in the lock file", () => {
  const scripted = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript);
  const names = scripted.map(([place]) => place.split("node_modules/").at(-1));

  expect(manifest.allowScripts).toEqual(Object.fromEntries(names.map((name) => [name, false])));
});

test("this runs on the Node of the lock file", () => {
  expect(packages[`node_modules/${nodePackage}`]?.version).toBe(process.versions.node);
});

test("every dependency is pinned to one version", () => {
  const wanted = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });

  expect(wanted.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});
