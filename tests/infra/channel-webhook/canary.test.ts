/** A deployment of the real program by the engine's command, and every byte that it leaves searched for the secrets. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localEnvironment, programDir, root, toTarget } from "../../../deploy/local-stack.ts";
import { type LocalCloud, startLocalCloud } from "../../../deploy/local/cloud.ts";
import { devChannel } from "@pulumi-line-bot/line-simulator/seed";

/** Characters that every encoding changes. */
const token = 'canary/token+"of-the-channel"\\=';
const secrets = { channelSecret: devChannel.channelSecret, longLivedToken: devChannel.channelAccessToken, token };

/** A value in every form in which it could be written down. */
const formsOf = (value: string): string[] => {
  const bytes = Buffer.from(value);
  const json = JSON.stringify(value).slice(1, -1);
  return [
    value,
    // Without the last characters, which depend on what stands behind the value.
    ...[0, 1, 2].map((offset) =>
      Buffer.from(`${"x".repeat(offset)}${value}`)
        .toString("base64")
        .slice(4, -4),
    ),
    bytes.toString("base64url").replace(/.{4}$/, ""),
    encodeURIComponent(value),
    new URLSearchParams({ v: value }).toString().slice(2),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    json,
    JSON.stringify(json).slice(1, -1),
  ];
};
const canaries = Object.entries(secrets).flatMap(([name, value]) => formsOf(value).map((form) => ({ name, form })));
const findCanaries = (text: string) => canaries.filter(({ form }) => text.includes(form)).map(({ name }) => name);

let folder: string;
let cloud: LocalCloud;
/** What was printed, and which arguments processes had at the time. */
const printed: string[] = [];
const processArguments = new Set<string>();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "canary-"));
  cloud = await startLocalCloud({ dataDir: path.join(folder, "data"), programDir, linePort: 0, gatewayPort: 0 });
  const settings = await readFile(path.join(root, "Pulumi.local.yaml"), "utf8");
  await writeFile(settingsFile(), settings.replace(/line:apiUrl: .*/, `line:apiUrl: ${cloud.line.url}`));
  await pulumi(["stack", "init", "local"]);
  // Refused by LINE; then the good one.
  await pulumi(["config", "set", "--secret", "line:channelAccessToken", "--config-file", settingsFile()], token);
  await operate("up", "--yes", { mayFail: true });
  const good = devChannel.channelAccessToken;
  await pulumi(["config", "set", "--secret", "line:channelAccessToken", "--config-file", settingsFile()], good);
  await operate("preview", "--json");
  await operate("up", "--yes");
  await operate("preview", "--diff");
  await operate("refresh", "--yes");
  await operate("destroy", "--yes");
}, 300_000);
afterAll(async () => {
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

const settingsFile = () => path.join(folder, "Pulumi.canary.yaml");

async function operate(kind: string, ...rest: (string | { mayFail: boolean })[]): Promise<void> {
  const flags = rest.filter((one) => typeof one === "string");
  const log = path.join(folder, `events-${kind}-${printed.length}.log`);
  const isFine = await pulumi([kind, "-s", "local", ...flags, "--config-file", settingsFile(), "--event-log", log]);
  if (!isFine && !rest.some((one) => typeof one === "object")) throw new Error(printed.at(-1));
}

async function pulumi(args: string[], input = ""): Promise<boolean> {
  const command = path.join(root, "packages", "pulumi-engine", "bin", "pulumi");
  const child = spawn(command, args, { cwd: root, env: localEnvironment(toTarget(cloud)) });
  const looks: Promise<void>[] = [];
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      looks.push(noteArguments());
    });
  }
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.once("close", resolve));
  await Promise.all(looks);
  printed.push(text);
  return code === 0;
}

async function noteArguments(): Promise<void> {
  if (!existsSync("/proc/self/cmdline")) return;
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  // A process that has ended since has nothing to tell.
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  for (const line of lines) processArguments.add(line);
}

async function readAll(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return Promise.all(files.map((file) => readFile(file, "latin1")));
}

describe("the channel's secret and tokens are not", () => {
  it.each(["stacks", "backups", "history"])("in the state's %s", async (kind) => {
    const texts = await readAll(path.join(folder, "data", ".pulumi", kind));

    expect(texts.join("\n")).toContain("LineChannelWebhook");
    expect(texts.flatMap(findCanaries)).toEqual([]);
  });

  it("in what was printed, by a deployment that fails as by those that do not", () => {
    expect(printed.join("\n")).toMatch(/access token/);
    expect(printed.join("\n")).toContain("LineChannelWebhook");
    expect(printed.flatMap(findCanaries)).toEqual([]);
  });

  it("in the event logs", async () => {
    const names = (await readdir(folder)).filter((name) => name.endsWith(".log"));
    const texts = await Promise.all(names.map((name) => readFile(path.join(folder, name), "utf8")));

    expect(texts.join("\n")).toContain("resourcePreEvent");
    expect(texts.flatMap(findCanaries)).toEqual([]);
  });

  it("in the arguments of any process", { skip: !existsSync("/proc/self/cmdline") }, () => {
    expect([...processArguments].join("\n")).toContain("dynamic-provider");
    expect([...processArguments].flatMap(findCanaries)).toEqual([]);
  });

  it("in the artifact", async () => {
    const zip = await readFile(path.join(root, ".artifacts", "bot.zip"));
    const files = Object.values(unzipSync(zip)).map((bytes) => Buffer.from(bytes).toString("latin1"));

    expect(files).not.toEqual([]);
    expect([zip.toString("latin1"), ...files].flatMap(findCanaries)).toEqual([]);
  });

  it("overlooked by this search: it finds them in each form, in the middle of a text", () => {
    const text = `{"channelSecret":"${devChannel.channelSecret}"}`;

    expect(findCanaries(text)).toContain("channelSecret");
    expect(findCanaries(Buffer.from(text).toString("base64"))).toContain("channelSecret");
    expect(findCanaries(Buffer.from(`.${token}.`).toString("hex"))).toContain("token");
    expect(findCanaries(JSON.stringify({ a: JSON.stringify({ token }) }))).toContain("token");
    expect(findCanaries(`grant?token=${encodeURIComponent(token)}`)).toContain("token");
  });
});
