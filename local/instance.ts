import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import * as v from "valibot";
import { UserError } from "../line/user-error.ts";

/** A path of a socket is 103 bytes long at the most: macOS has the shortest. */
const longestPath = 103;

/**
 * One local cloud for each data folder. A socket, not a file, says that it runs and where: the kernel closes it with
 * the process, however that ends. Whoever connects trusts what it says, so it stands where nobody else can put one: in
 * the data folder, or in a folder of this user's own where that path is too long.
 */
const ownPlace = (dataDir: string): { folder: string; socket: string } => {
  const inside = { folder: path.resolve(dataDir), socket: path.join(path.resolve(dataDir), runFolder, "cloud.sock") };
  if (Buffer.byteLength(inside.socket) <= longestPath) return inside;
  const name = createHash("sha256").update(inside.folder).digest("hex").slice(0, 32);
  const folder = path.join(tmpdir(), `line-bot-${process.getuid?.() ?? 0}`);
  return { folder, socket: path.join(folder, `${name}.sock`) };
};

/** Within the data folder, what belongs to the process and not to its data. */
export const runFolder = "run";

/** @throws {UserError} where the folder is another user's, or open to others and cannot be closed. */
async function requireOwn(folder: string): Promise<void> {
  const found = await lstat(folder);
  const { uid } = found;
  if (!found.isDirectory() || (process.getuid !== undefined && uid !== process.getuid())) {
    throw new UserError(
      `${folder} is not a folder of this user's (${uid} owns it), and says where the local cloud is. Remove it, or run this as its owner.`,
    );
  }
  if ((found.mode & 0o077) !== 0) await chmod(folder, 0o700);
}

/** Variables that lead to the local cloud: no other comes into a process by its answer. */
const environment = v.object({
  PULUMI_BACKEND_URL: v.string(),
  PULUMI_CONFIG_PASSPHRASE: v.string(),
  PULUMI_DEBUG_PROVIDERS: v.string(),
  AWS_ENDPOINT_URL: v.string(),
  AWS_ACCESS_KEY_ID: v.string(),
  AWS_SECRET_ACCESS_KEY: v.string(),
});

const runningCloud = v.object({
  pid: v.number(),
  attachedProviders: v.record(v.string(), v.number()),
  env: environment,
  lineUrl: v.string(),
  /** PEM of the authority that signed the gateways' certificate. */
  certificateAuthority: v.string(),
});

/** What a running cloud answers when it is asked. */
export type RunningCloud = v.InferOutput<typeof runningCloud>;

export interface Instance {
  /** From now on, whoever connects gets this answer. */
  announce(cloud: RunningCloud): void;
  close(): Promise<void>;
}

/** Undefined: another process has this data folder. */
export async function tryClaim(dataDir: string): Promise<Instance | undefined> {
  const { folder, socket } = ownPlace(dataDir);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await requireOwn(folder);
  await mkdir(path.dirname(socket), { recursive: true, mode: 0o700 });
  if (await isAlive(socket)) return undefined;
  await rm(socket, { force: true });
  let answer: (cloud: RunningCloud) => void;
  const announced = new Promise<RunningCloud>((resolve) => (answer = resolve));
  const server = createServer((connection) => {
    connection.on("error", () => connection.destroy());
    // A cloud that is still starting lets the asker wait.
    void announced.then((cloud) => connection.end(JSON.stringify(cloud)));
  });
  await listen(server, socket);
  server.unref();
  return {
    announce: (cloud) => answer(cloud),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** @throws {UserError} where what answers is no local cloud of this user's. */
export async function tryFindRunning(dataDir: string): Promise<RunningCloud | undefined> {
  const { folder, socket } = ownPlace(dataDir);
  try {
    await requireOwn(folder);
    const answer = v.safeParse(v.pipe(v.string(), v.parseJson(), runningCloud), await text(connect(socket)));
    if (answer.success) return answer.output;
    throw new UserError(
      "The local cloud that runs is of another version: stop it (Ctrl+C where it runs), and start again.",
    );
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
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

/** Nobody listens: the socket is not there, or its process ended without a word. */
const isAbsent = (error: unknown) =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ECONNREFUSED");

function listen(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, resolve);
  });
}
