import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";

export interface Listener {
  port: number;
  /** Takes no more connections; those that are open stay so. */
  close(): void;
}

/** Hands on the connections of this user's own processes, on a port of loopback that is free, and ends all others. */
export async function listenToOwnPeers(use: (socket: Socket) => void): Promise<Listener> {
  const server = createServer((socket) => (isOwnPeer(socket) ? use(socket) : socket.destroy()));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return { port, close: () => void server.close() };
}

/**
 * Whether this user's process has the other end of a connection over loopback. Linux says whose it is; elsewhere each
 * process of the machine counts as one's own.
 */
export function isOwnPeer({ remotePort, localPort }: Socket): boolean {
  if (process.platform !== "linux") return true;
  if (remotePort === undefined || localPort === undefined) return false;
  for (const table of tables) {
    const owners = readOwners(table, remotePort, localPort);
    if (owners.length > 0) return owners.every((uid) => uid === process.getuid?.());
  }
  return false;
}

/** The kernel takes milliseconds to write one; only a program that speaks IPv6 to IPv4's loopback is in the second. */
const tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];

/**
 * The users of the established sockets (state 01) between two ports. One that its process has closed already is in
 * another state, and counts there as root's.
 * @see https://docs.kernel.org/networking/proc_net_tcp.html
 */
function readOwners(table: string, from: number, to: number): number[] {
  const row = new RegExp(`:${toHex(from)} [0-9A-F]+:${toHex(to)} 01 \\S+ \\S+ \\S+ +(\\d+) `, "g");
  return Array.from(readFileSync(table, "utf8").matchAll(row), ([, uid]) => Number(uid));
}

const toHex = (port: number) => port.toString(16).toUpperCase().padStart(4, "0");
