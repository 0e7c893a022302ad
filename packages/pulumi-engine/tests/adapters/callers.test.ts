import { expect, onTestFinished, test } from "vitest";
import { addEngineService } from "../../adapters/engine-service.ts";
import { serve } from "../../adapters/grpc.ts";
import { knock, knockAs, mayBeAnother, nobody } from "../../../kit/tests/peers.ts";
import { MemoryStore } from "../core/harness.ts";
import { createProject, operate } from "./support.ts";

async function serveEngine(): Promise<number> {
  const server = await serve((grpcServer) => addEngineService(grpcServer, () => () => undefined));
  onTestFinished(() => server.close());
  return Number(new URL(`http://${server.address}`).port);
}

test("the engine answers this user's processes", async () => {
  expect(await knockAs(undefined, await serveEngine())).toBe("answered");
});

test.runIf(mayBeAnother)("the engine does not answer another user's (runs as root on Linux)", async () => {
  expect(await knockAs(nobody, await serveEngine())).toBe("refused");
});

/** While it is created, another user and this one knock at all that the process of dynamic resources listens on. */
const program = `
import * as pulumi from "@pulumi/pulumi";
const provider = {
  async create({ knock, nobody }) {
    const { readFileSync, readdirSync, readlinkSync } = process.getBuiltinModule("node:fs");
    const { promisify } = process.getBuiltinModule("node:util");
    const execFile = promisify(process.getBuiltinModule("node:child_process").execFile);
    const open = readdirSync("/proc/self/fd").flatMap((fd) => { try { return readlinkSync("/proc/self/fd/" + fd); } catch { return []; } });
    const rows = readFileSync("/proc/self/net/tcp", "utf8").split("\\n").slice(1, -1).map((row) => row.trim().split(/\\s+/));
    const ports = rows.filter((row) => row[3] === "0A" && open.includes("socket:[" + row[9] + "]")).map((row) => parseInt(row[1].split(":")[1], 16));
    const ask = async (port, user) => (await execFile(process.execPath, ["-e", knock, String(port)], { cwd: "/", env: {}, ...user })).stdout;
    const own = await Promise.all(ports.map((port) => ask(port, {})));
    const others = await Promise.all(ports.map((port) => ask(port, { uid: nobody, gid: nobody })));
    return { id: "1", outs: { own, others } };
  },
};
class Knocking extends pulumi.dynamic.Resource {
  constructor(name, args) { super(provider, name, { own: undefined, others: undefined, ...args }); }
}
export const { own, others } = new Knocking("k", { knock: ${JSON.stringify(knock)}, nobody: ${nobody} });
`;

test.runIf(mayBeAnother)(
  "the process of dynamic resources answers its user alone (runs as root on Linux)",
  async () => {
    await using project = await createProject(program);

    const { outputs, messages } = await operate(project.dir, new MemoryStore(), {});

    expect(messages).toEqual([]);
    expect(outputs).toEqual({ own: ["answered"], others: ["refused"] });
  },
);
