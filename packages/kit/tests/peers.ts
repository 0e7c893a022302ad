import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** Only root may start a process of another user. */
export const mayBeAnother = process.platform === "linux" && process.getuid?.() === 0;
export const nobody = 65_534;

/** Begins HTTP/2, as gRPC does, and says whether the server does so too. */
export const knock = `
  const session = require("node:http2").connect("http://127.0.0.1:" + process.argv[1]);
  const end = (word) => { process.stdout.write(word); process.exit(); };
  session.once("remoteSettings", () => end("answered"));
  session.once("error", () => end("refused"));
  session.once("close", () => end("refused"));
`;

/** What a process of a user hears from a gRPC server on a port of loopback: `answered` or `refused`. */
export async function knockAs(uid: number | undefined, port: number): Promise<string> {
  const child = spawn(process.execPath, ["-e", knock, String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: "/",
    env: {},
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const [said] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return said;
}
