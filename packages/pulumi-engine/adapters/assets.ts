/**
 * The hashes of assets and archives, by which Pulumi tells whether they changed: of a file, its bytes; of a folder or
 * a set of assets, the tar file that it would make.
 */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { isObject, kindOf, someValue } from "../values/properties.ts";
import type { PropertyMap, PropertyValue } from "../contracts/contracts.ts";
import { tarEnd, tarHeader, tarPadding } from "./tar.ts";

type Fields = { [key: string]: PropertyValue };

const ARCHIVE_FILE = /\.(tar|tgz|tar\.gz|zip|jar)$/i;

/** Relative paths are relative to `pwd`. */
export function createAssetHasher(pwd: string): (map: PropertyMap) => Promise<PropertyMap> {
  return async (map) => (someValue(map, isAsset) ? ((await hashed(map, pwd)) as PropertyMap) : map);
}

const isAsset = (value: PropertyValue): boolean => kindOf(value) === "asset" || kindOf(value) === "archive";

async function hashed(value: PropertyValue, pwd: string): Promise<PropertyValue> {
  if (Array.isArray(value)) return await Promise.all(value.map((item) => hashed(item, pwd)));
  if (!isObject(value)) return value;
  const inner = Object.fromEntries(
    await Promise.all(Object.entries(value).map(async ([key, item]) => [key, await hashed(item, pwd)] as const)),
  );
  if (!isAsset(inner) || inner["hash"]) return inner;
  const hash = createHash("sha256");
  if (kindOf(inner) === "asset") await hashAsset(inner, pwd, hash);
  else await hashArchive(inner, pwd, hash);
  return { ...inner, hash: hash.digest("hex") };
}

async function hashAsset(asset: Fields, pwd: string, hash: Hash): Promise<void> {
  hash.update(await bytesOf(asset, pwd));
}

async function bytesOf(asset: Fields, pwd: string): Promise<Uint8Array> {
  const { text, path, uri } = asset;
  if (typeof path === "string" && path) return await readFile(resolve(pwd, path));
  if (typeof uri === "string" && uri) return await readUri(uri);
  return Buffer.from(typeof text === "string" ? text : "");
}

async function readUri(uri: string): Promise<Uint8Array> {
  const url = new URL(uri);
  if (url.protocol === "file:") return await readFile(fileURLToPath(url));
  const response = await fetch(url);
  if (!response.ok) throw new Error(`could not read asset ${uri}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function hashArchive(archive: Fields, pwd: string, hash: Hash): Promise<void> {
  const { path, uri } = archive;
  if (typeof path === "string" && ARCHIVE_FILE.test(path))
    return await pipeline(createReadStream(resolve(pwd, path)), hash, { end: false });
  if (typeof uri === "string" && uri) return void hash.update(await readUri(uri));
  const seen = new Set<string>();
  for await (const [name, bytes] of members(archive, pwd)) {
    if (seen.has(name)) continue;
    seen.add(name);
    hash.update(tarHeader(name, bytes.length)).update(bytes).update(tarPadding(bytes.length));
  }
  hash.update(tarEnd());
}

/** In the order of their names. */
async function* members(archive: Fields, pwd: string): AsyncGenerator<[name: string, bytes: Uint8Array]> {
  const { assets, path } = archive;
  if (isObject(assets)) {
    for (const name of Object.keys(assets).toSorted(byBytes)) {
      const member = assets[name];
      if (!isObject(member)) throw new Error(`'${name}' in an archive is neither an asset nor an archive`);
      if (kindOf(member) === "asset") yield [name, await bytesOf(member, pwd)];
      else for await (const [inner, bytes] of members(member, pwd)) yield [`${name}/${inner}`, bytes];
    }
  } else if (typeof path === "string") {
    const root = isAbsolute(path) ? path : join(pwd, path);
    if (!(await stat(root)).isDirectory())
      throw new Error(`'${path}' is neither a recognized archive type nor a directory`);
    for await (const file of files(root)) yield [relative(root, file).split(sep).join("/"), await readFile(file)];
  }
}

async function* files(folder: string): AsyncGenerator<string> {
  for (const name of (await readdir(folder)).toSorted(byBytes)) {
    if (name === ".pulumi") continue;
    const path = join(folder, name);
    const found = await lstat(path);
    if (found.isDirectory()) yield* files(path);
    else if (!found.isSymbolicLink() || !(await stat(path)).isDirectory()) yield path;
  }
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
