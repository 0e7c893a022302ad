import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";

/**
 * One local cloud for each data folder. A socket, not a file, says that it runs and where: the kernel closes it with
 * the process, however that ends. It lives in the system's folder for such things, as its path may be a hundred
 * characters long at the most.
 */
const socketPath = (dataDir: string) =>
  path.join(tmpdir(), `line-bot-${createHash("sha256").update(path.resolve(dataDir)).digest("hex").slice(0, 16)}.sock`);

/** What a running cloud answers to whoever connects. */
export interface RunningCloud {
  pid: number;
  attachedProviders: Record<string, number>;
  env: Record<string, string>;
  lineUrl: string;
  /** PEM of the authority that signed the gateways' certificate. */
  certificateAuthority: string;
}

export interface Instance {
  /** From now on, whoever connects gets this answer. */
  announce(cloud: RunningCloud): void;
  close(): Promise<void>;
}

/** Undefined: another process has this data folder. */
export async function tryClaim(dataDir: string): Promise<Instance | undefined> {
  const socket = socketPath(dataDir);
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

export async function tryFindRunning(dataDir: string): Promise<RunningCloud | undefined> {
  const connection = connect(socketPath(dataDir));
  try {
    return JSON.parse(await text(connection)) as RunningCloud;
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
