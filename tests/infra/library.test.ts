import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { localEnvironment, toTarget } from "../../deploy/local-stack.ts";
import { startLocalCloud } from "../../deploy/local/cloud.ts";
import { runStackOperation } from "@pulumi-line-bot/pulumi-engine/engine";
import { devChannel } from "@pulumi-line-bot/line-simulator/seed";

const root = path.join(import.meta.dirname, "../..");
const run = promisify(execFile);

let folder = "";

/** A project of somebody else's, with what `npm pack` yields among its dependencies. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "consumer-"));
  await installPackage();
  await linkDependencies();
  await writeFile(path.join(folder, "package.json"), JSON.stringify({ name: "consumer", type: "module" }));
  await writeFile(
    path.join(folder, "Pulumi.yaml"),
    "name: consumer\nmain: index.ts\nruntime:\n  name: nodejs\n  options: { typescript: false }\n",
  );
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function installPackage(): Promise<void> {
  await run("npm", ["pack", "--pack-destination", folder, "--loglevel=error"], { cwd: root });
  const tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz"));
  const target = path.join(folder, "node_modules", "pulumi-line-bot");
  await mkdir(target, { recursive: true });
  await run("tar", ["-xzf", path.join(folder, String(tarball)), "--strip-components=1", "-C", target]);
}

async function linkDependencies(): Promise<void> {
  const names = (await readdir(path.join(root, "node_modules"))).filter((name) => !/^\.|^@pulumi-line-bot$/.test(name));
  for (const name of names) {
    await symlink(path.join(root, "node_modules", name), path.join(folder, "node_modules", name));
  }
}

const program = `
  import { LineWebhook } from "pulumi-line-bot";
  import * as pulumi from "@pulumi/pulumi";

  const line = new pulumi.Config("line");
  const bot = new LineWebhook("helper", {
    entry: ${JSON.stringify(path.join(root, "functions/webhook.ts"))},
    worker: { entry: ${JSON.stringify(path.join(root, "functions/worker.ts"))} },
    credentials: { channelId: "${devChannel.channelId}", channelSecret: pulumi.secret("${devChannel.channelSecret}") },
    apiUrl: line.require("apiUrl"),
  });
  export const url: pulumi.Output<string> = bot.url;
  export const active: pulumi.Output<boolean> = bot.channelWebhook.active;
`;

describe("the package that npm pack yields", () => {
  test("holds JavaScript and types, and no sources", async () => {
    const files = await readdir(path.join(folder, "node_modules", "pulumi-line-bot"), { recursive: true });

    expect(files.filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))).toEqual([]);
    expect(files).toContain(path.join("dist", "infra", "library.d.ts"));
  });

  test("serializes the very text that a checkout does", async () => {
    for (const shim of ["channel-webhook", "proven-version"]) {
      const packed = path.join(folder, "node_modules/pulumi-line-bot/dist/infra", shim, "shim.js");
      expect(await readFile(packed, "utf8")).toBe(await readFile(path.join(root, "infra", shim, "shim.js"), "utf8"));
    }
  });

  test("registers nothing when it is imported", async () => {
    const { stdout } = await run(
      process.execPath,
      ["-e", 'import("pulumi-line-bot").then((all) => console.log(Object.keys(all).join()))'],
      {
        cwd: folder,
      },
    );

    expect(stdout.trim().split(",").sort()).toEqual(["LineChannelWebhook", "LineWebhook"]);
  });

  test("type-checks in a strict program", async () => {
    await writeFile(path.join(folder, "index.ts"), program);
    const options = [
      "--strict",
      "--noEmit",
      "--module",
      "nodenext",
      "--target",
      "es2024",
      "--types",
      "node",
      "--skipLibCheck",
      "true",
    ];

    const checked = run(path.join(root, "node_modules/.bin/tsc"), [...options, "index.ts"], { cwd: folder });

    await expect(checked).resolves.toMatchObject({ stdout: "" });
  });

  test("deploys a bot from another program, and destroys it", { timeout: 300_000 }, async () => {
    await writeFile(path.join(folder, "index.ts"), program);
    const cloud = await startLocalCloud({
      dataDir: path.join(folder, ".local"),
      programDir: folder,
      linePort: 0,
      gatewayPort: 0,
    });
    onTestFinished(() => cloud.close());
    const said: string[] = [];
    const operate = (kind: "up" | "destroy") =>
      runStackOperation({
        kind,
        projectDir: folder,
        stack: "test",
        env: localEnvironment(toTarget(cloud)),
        attachedProviders: cloud.attachedProviders,
        configOverrides: { "line:apiUrl": cloud.line.url, "aws:region": "ap-northeast-1" },
        createStack: true,
        onEvent: ({ diagnosticEvent }) => void (diagnosticEvent && said.push(diagnosticEvent.message)),
      });

    const up = await operate("up");
    expect(up.result, said.join("\n")).toBe("succeeded");
    expect(up.outputs).toMatchObject({
      active: true,
      url: expect.stringMatching(/^https:\/\/localhost:\d+\/webhook$/),
    });

    expect((await operate("destroy")).result, said.join("\n")).toBe("succeeded");
  });
});
