import { createHash, randomBytes } from "node:crypto";
import type { Stats } from "node:fs";
import { chmod, link, lstat, mkdir, rename, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import * as v from "valibot";
import { UserError } from "@pulumi-line-bot/kit/user-error";

/** A path of a socket is 103 bytes long at the most: macOS has the shortest. */
const longestPath = 103;

/**
 * One local cloud for each data folder. A socket, not a file, says that it runs and where: the kernel closes it with
 * the process, however that ends. The process that connects trusts what it says, so it stands where no other user can
 * put one: in the data folder, or in a folder of this user's own where that path is too long.
 */
const ownPlace = (dataDir: string): { folders: string[]; socket: string } => {
  const data = path.resolve(dataDir);
  const run = path.join(data, runFolder);
  const socket = path.join(run, "cloud.sock");
  if (Buffer.byteLength(socket) <= longestPath) return { folders: [data, run], socket };
  const name = createHash("sha256").update(data).digest("hex").slice(0, 32);
  const own = path.join(tmpdir(), `line-bot-${process.getuid?.() ?? 0}`);
  return { folders: [data, own], socket: path.join(own, `${name}.sock`) };
};

/** Within the data folder, what belongs to the process and not to its data. */
export const runFolder = "run";

/** Where the folder's state is, for an engine. */
export const backendUrl = (dataDir: string) => `file://${path.resolve(dataDir)}`;

/**
 * Closes the folder to others. One that others could write in may hold what they have put there: it is not trusted.
 * @throws {UserError} where it is no folder of this user's, or others may write in it.
 */
async function requireOwnFolder(folder: string): Promise<void> {
  const found = await lstat(folder);
  requireOwner(folder, found);
  if (!found.isDirectory()) throw new UserError(`${folder} is not a folder. Remove it, and start again.`);
  if ((found.mode & 0o022) !== 0) {
    throw new UserError(
      `Other users may write in ${folder}, so what is in it may be theirs. Stop the local cloud and remove the folder; or, where only you have written in it, close it with \`chmod 700 ${folder}\`.`,
    );
  }
  if ((found.mode & 0o077) !== 0) await chmod(folder, 0o700);
}

/** @throws {UserError} where what answers there would not be a process of this user's. */
async function requireOwnSocket(socket: string): Promise<void> {
  const found = await lstat(socket);
  requireOwner(socket, found);
  if (!found.isSocket()) throw new UserError(`${socket} is not a socket. Remove it, and start again.`);
}

function requireOwner(place: string, { uid }: Stats): void {
  if (process.getuid === undefined || uid === process.getuid()) return;
  throw new UserError(
    `${place} is not this user's (${uid} owns it), and says where the local cloud is. Remove it, or run this as its owner.`,
  );
}

const loopback = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** The address of a service on this machine. */
const localUrl = v.pipe(
  v.string(),
  v.check((text) => {
    const url = URL.parse(text);
    return url !== null && ["http:", "https:"].includes(url.protocol) && loopback.has(url.hostname);
  }),
);

/** Variables that lead to the local cloud: no other comes into a process by its answer, and these lead nowhere else. */
const environmentOf = (dataDir: string) =>
  v.object({
    PULUMI_BACKEND_URL: v.literal(backendUrl(dataDir)),
    PULUMI_CONFIG_PASSPHRASE: v.string(),
    PULUMI_DEBUG_PROVIDERS: v.pipe(v.string(), v.regex(/^aws:\d+$/)),
    AWS_ENDPOINT_URL: localUrl,
    AWS_ACCESS_KEY_ID: v.string(),
    AWS_SECRET_ACCESS_KEY: v.string(),
  });

const runningCloudOf = (dataDir: string) =>
  v.object({
    pid: v.number(),
    attachedProviders: v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))),
    env: environmentOf(dataDir),
    lineUrl: localUrl,
    /** PEM of the authority that signed the gateways' certificate. */
    certificateAuthority: v.string(),
  });

/** What a running cloud answers when it is asked. */
export type RunningCloud = v.InferOutput<ReturnType<typeof runningCloudOf>>;

export interface Instance {
  /** Gives this answer to each process that connects, from now on. */
  announce(cloud: RunningCloud): void;
  close(): Promise<void>;
}

/**
 * `undefined` if another process has this data folder.
 * @throws {UserError} where the folder, or what is in the socket's place, may be another user's.
 */
export async function tryClaim(dataDir: string): Promise<Instance | undefined> {
  const { folders, socket } = ownPlace(dataDir);
  for (const folder of folders) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await requireOwnFolder(folder);
  }
  await requireOwnSocket(socket).catch(unlessAbsent);
  if (!(await clearDead(socket))) return undefined;
  let answer: (cloud: RunningCloud) => void;
  const announced = new Promise<RunningCloud>((resolve) => (answer = resolve));
  const server = createServer((connection) => {
    connection.on("error", () => connection.destroy());
    // A cloud that is still starting lets the asker wait.
    void announced.then((cloud) => connection.end(JSON.stringify(cloud)));
  });
  const leave = await tryListen(server, socket);
  if (leave === undefined) return undefined;
  server.unref();
  return {
    announce: (cloud) => answer(cloud),
    async close() {
      await leave();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/**
 * `undefined` if none runs with this data folder.
 * @throws {UserError} where what answers is no local cloud of this user's.
 */
export async function tryFindRunning(dataDir: string): Promise<RunningCloud | undefined> {
  const { folders, socket } = ownPlace(dataDir);
  try {
    for (const folder of folders) await requireOwnFolder(folder);
    await requireOwnSocket(socket);
    const schema = v.pipe(v.string(), v.parseJson(), runningCloudOf(dataDir));
    const answer = v.safeParse(schema, await text(connect(socket)));
    if (answer.success) return answer.output;
    const wrong = answer.issues.map((issue) => v.getDotPath(issue) ?? "all of it").join(", ");
    throw new UserError(
      `The local cloud that runs is of another version or folder (its answer does not fit: ${wrong}): stop it (Ctrl+C where it runs), and start again.`,
    );
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/**
 * False: a process listens there. What looks dead is moved before it is removed, and looked at again: another process may
 * have taken the place since.
 */
async function clearDead(socket: string): Promise<boolean> {
  if (await isAlive(socket)) return false;
  const moved = newNameBeside(socket);
  const isThere = await rename(socket, moved).then(() => true, unlessAbsent);
  if (isThere !== true) return true;
  const isOther = await isAlive(moved);
  if (isOther) await link(moved, socket);
  await rm(moved);
  return !isOther;
}

function isAlive(socket: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const connection = connect(socket);
    connection.once("connect", () => {
      connection.destroy();
      resolve(true);
    });
    connection.once("error", (error) => (isAbsent(error) ? resolve(false) : reject(error)));
  });
}

function unlessAbsent(error: unknown): void {
  if (!isAbsent(error)) throw error;
}

/** Nobody listens: the socket is not there, or its process ended without a word. */
const isAbsent = (error: unknown) =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ECONNREFUSED");

/**
 * Takes the place only with a socket that listens already, so that one which does not answer is dead. What it gives
 * takes the socket away again; `undefined` if another process was first.
 */
async function tryListen(server: Server, socket: string): Promise<(() => Promise<void>) | undefined> {
  const own = newNameBeside(socket);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(own, resolve);
  });
  try {
    await link(own, socket);
  } catch (error) {
    server.close();
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return undefined;
    throw error;
  }
  const { ino } = await lstat(own);
  await rm(own);
  return async () => {
    const there = await lstat(socket).catch(unlessAbsent);
    if (there?.ino === ino) await rm(socket, { force: true });
  };
}

const newNameBeside = (socket: string): string => path.join(path.dirname(socket), randomBytes(4).toString("hex"));
