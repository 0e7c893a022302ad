import { copyFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { parse as parseYaml } from "yaml";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { type VersionedDeployment, parseCheckpoint } from "./checkpoint.ts";
import { isErrorCode, listNames, tryReadText, writeDurably } from "@pulumi-line-bot/kit/files";
import { type UpdateRecord, listUpdates, moveHistory, recordUpdate } from "./history.ts";
import { type Lock, acquireLock, removeLocks } from "./lock.ts";
import { renameDeployment } from "./rename-stack.ts";
import { checkpointText } from "./snapshot-codec.ts";
import { type StackReference, qualifiedName, stackPaths } from "./stack-reference.ts";

/** Stacks in a folder, laid out as Pulumi's file backend lays them out: either can read what the other wrote. */
export interface FileBackend {
  /** `file://…` */
  readonly url: string;
  readonly root: string;
  listStacks(project?: string): Promise<StackReference[]>;
  exists(stack: StackReference): Promise<boolean>;
  /** @throws {UserError} when there is one of that name. */
  createStack(stack: StackReference, deployment: VersionedDeployment): Promise<void>;
  /** Takes the stack with its history, tags and backups away. The caller holds the lock. */
  removeStack(stack: StackReference, options: { keepBackups: boolean }): Promise<void>;
  /** Moves the stack with its history and tags; the state before stays as a backup. The caller holds the lock. */
  renameStack(from: StackReference, to: StackReference): Promise<void>;
  readDeployment(stack: StackReference): Promise<VersionedDeployment>;
  /** Writes a checkpoint whole. The caller holds the lock. */
  writeCheckpoint(stack: StackReference, content: string | Uint8Array): Promise<void>;
  /** Copies the checkpoint to its `.bak`, so that the state before an operation is at hand after it. */
  keepPrevious(stack: StackReference): Promise<void>;
  /** A lock that a dead process left makes way if `replaceDead` is set. */
  lock(stack: StackReference, options?: { replaceDead?: boolean }): Promise<Lock>;
  cancel(stack: StackReference): Promise<void>;
  recordUpdate(stack: StackReference, record: UpdateRecord): Promise<void>;
  listUpdates(stack: StackReference, page?: { size: number; number: number }): Promise<UpdateRecord[]>;
  readTags(stack: StackReference): Promise<Record<string, string>>;
  writeTags(stack: StackReference, tags: Record<string, string>): Promise<void>;
}

/** @param base Folder that a relative `file://./…` starts from. */
export async function openFileBackend(url: string, base: string): Promise<FileBackend> {
  const root = parseFileUrl(url, base);
  await ensureLayout(root);
  const paths = (stack: StackReference) => stackPaths(root, stack);
  const backend: FileBackend = {
    url,
    root,
    listStacks: (project) => listStacks(root, project),
    exists: async (stack) => (await tryReadCheckpoint(paths(stack).checkpoint)) !== undefined,
    async createStack(stack, deployment) {
      if ((await tryReadCheckpoint(paths(stack).checkpoint)) !== undefined) {
        throw new UserError(`stack '${qualifiedName(stack)}' already exists`);
      }
      await writeDurably(paths(stack).checkpoint, checkpointText(stack, deployment));
    },
    async removeStack(stack, { keepBackups }) {
      const { checkpoint, previous, backups, history, tags } = paths(stack);
      if (keepBackups) await rename(checkpoint, previous);
      else await removeAll([checkpoint, previous, attributesOf(previous), backups]);
      await removeAll([attributesOf(checkpoint), tags, attributesOf(tags), history]);
    },
    async renameStack(from, to) {
      await backend.createStack(to, renameDeployment(await backend.readDeployment(from), from, to));
      await moveHistory(root, from, to);
      await writeTags(paths(to).tags, await backend.readTags(from));
      await backend.removeStack(from, { keepBackups: true });
    },
    async readDeployment(stack) {
      const text = await tryReadCheckpoint(paths(stack).checkpoint);
      if (text === undefined) throw new UserError(`no stack named '${stack.name}' found`);
      return parseCheckpoint(text, paths(stack).checkpoint);
    },
    writeCheckpoint: (stack, content) => writeDurably(paths(stack).checkpoint, content),
    keepPrevious: (stack) => copyFile(paths(stack).checkpoint, paths(stack).previous),
    lock: (stack, options) => acquireLock(paths(stack).locks, options),
    cancel: async (stack) => void (await removeLocks(paths(stack).locks)),
    recordUpdate: (stack, record) => recordUpdate(root, stack, record),
    listUpdates: (stack, page) => listUpdates(root, stack, page),
    readTags: async (stack) => parseTags(await tryReadText(paths(stack).tags), paths(stack).tags),
    writeTags: (stack, tags) => writeTags(paths(stack).tags, tags),
  };
  return backend;
}

/** The Pulumi CLI keeps what its library notes of a file beside it. */
const attributesOf = (path: string): string => `${path}.attrs`;

function parseFileUrl(url: string, base: string): string {
  if (!url.startsWith("file://")) {
    throw new UserError(
      `the embedded engine keeps state in files only, and the backend is ${hideCredentials(url)}: set PULUMI_BACKEND_URL to file://<folder>, or use the Pulumi CLI`,
    );
  }
  const path = url.slice("file://".length);
  if (path.startsWith("/")) return fileURLToPath(new URL(url));
  if (path === "~" || path.startsWith("~/")) return join(homedir(), path.slice(1));
  return resolve(base, path);
}

function hideCredentials(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//****@").replace(/\?.*$/, "");
}

/** The file that tells Pulumi that stacks are kept by project. */
async function ensureLayout(root: string): Promise<void> {
  const path = join(root, ".pulumi", "meta.yaml");
  const text = await tryReadText(path);
  if (text === undefined) {
    const legacy = (await listNames(join(root, ".pulumi", "stacks"))).some((name) => name.endsWith(".json"));
    if (legacy) throw oldLayout(root);
    await writeDurably(path, "version: 1\n");
    return;
  }
  const parsed = v.safeParse(v.object({ version: v.number() }), parseYaml(text));
  if (!parsed.success) throw new UserError(`${path} does not say which version the state has; restore it`);
  if (parsed.output.version === 0) throw oldLayout(root);
  if (parsed.output.version !== 1) {
    throw new UserError(`${path} has version ${parsed.output.version}, which only a newer Pulumi CLI knows`);
  }
}

function oldLayout(root: string): UserError {
  return new UserError(
    `The state in ${root} is not kept by project yet: run \`pulumi state upgrade\` of the Pulumi CLI`,
  );
}

async function listStacks(root: string, project: string | undefined): Promise<StackReference[]> {
  const folder = join(root, ".pulumi", "stacks");
  const projects = project === undefined ? await listNames(folder) : [project];
  const lists = await Promise.all(
    projects.sort().map(async (project) =>
      (await listNames(join(folder, project)).catch(ignoreFile))
        .filter((name) => name.endsWith(".json"))
        .sort()
        .map((name) => ({ project, name: basename(name, ".json") })),
    ),
  );
  return lists.flat();
}

/** What stands among the projects' folders and is none has no stacks. */
function ignoreFile(error: unknown): string[] {
  if (isErrorCode(error, "ENOTDIR")) return [];
  throw error;
}

/** `undefined` if there is no such stack. */
async function tryReadCheckpoint(path: string): Promise<string | undefined> {
  const text = await tryReadText(path);
  const packed = new Set([".gz", ".zst"].map((extension) => basename(path) + extension));
  const found = text === undefined && (await listNames(dirname(path))).find((name) => packed.has(name));
  if (found) throw new UserError(`${join(dirname(path), found)} is compressed, which only the Pulumi CLI reads`);
  return text;
}

async function removeAll(paths: string[]): Promise<void> {
  await Promise.all(paths.map((path) => rm(path, { recursive: true, force: true })));
}

const tagsSchema = v.object({ version: v.literal(1), tags: v.record(v.string(), v.string()) });

function parseTags(text: string | undefined, path: string): Record<string, string> {
  if (text === undefined) return {};
  try {
    return v.parse(tagsSchema, JSON.parse(text)).tags;
  } catch (cause) {
    throw new UserError(`${path} does not hold a stack's tags; remove it and set them again`, { cause });
  }
}

async function writeTags(path: string, tags: Record<string, string>): Promise<void> {
  if (Object.keys(tags).length === 0) await rm(path, { force: true });
  else await writeDurably(path, JSON.stringify({ version: 1, tags }));
}
