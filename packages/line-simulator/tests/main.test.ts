import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";

const main = new URL("../main.ts", import.meta.url).pathname;

function start(...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const output = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.err += text));
  return { child, output, exited: once(child, "close") as Promise<[number | null, string | null]> };
}

describe("the simulator alone", () => {
  it("says where it is and what to use, and ends when it is told to", async () => {
    const { child, output, exited } = start("--port", "0");
    while (!output.out.includes("Ctrl+C")) await once(child.stdout, "data");
    const url = /http:\/\/localhost:\d+/.exec(output.out)![0];
    const response = await fetch(new URL("/console", url));

    child.kill("SIGINT");

    expect(response.status).toBe(200);
    expect(await exited).toEqual([0, null]);
    expect(output.err).toBe("");
  });

  it.each([
    ["an option that it does not have", ["--prt", "1"], "Unknown option '--prt'"],
    ["a port that is none", ["--port", "x"], "--port x is not a port number"],
    ["certificates that are not there", ["--port", "0", "--ca", "/no/such.pem"], "/no/such.pem"],
  ])("refuses %s in one message without a stack", async (_, args, words) => {
    const { output, exited } = start(...args);

    expect(await exited).toEqual([1, null]);
    expect(output.err).toContain(words);
    expect(output.err).not.toContain("    at ");
  });
});
