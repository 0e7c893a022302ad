import { fork } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, lchown, link, mkdir, mkdtemp, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { backendUrl, type RunningCloud, tryClaim, tryFindRunning } from "../../../deploy/local/instance.ts";

const cloudOf = (folder: string): RunningCloud => ({
  pid: 1,
  attachedProviders: { aws: 2 },
  env: {
    PULUMI_BACKEND_URL: backendUrl(folder),
    PULUMI_CONFIG_PASSPHRASE: "local",
    PULUMI_DEBUG_PROVIDERS: "aws:2",
    AWS_ENDPOINT_URL: "http://127.0.0.1:4",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  },
  lineUrl: "http://localhost:3",
  certificateAuthority: "-----BEGIN CERTIFICATE-----",
});
const newFolder = () => mkdtemp(path.join(tmpdir(), "instance-"));

test("a data folder belongs to one process at a time, and each that asks learns where its cloud is", async () => {
  const folder = await newFolder();
  const first = await tryClaim(folder);

  expect(await tryClaim(folder)).toBeUndefined();
  const asked = tryFindRunning(folder);
  first?.announce(cloudOf(folder));
  expect(await asked).toEqual(cloudOf(folder));

  await first?.close();
  expect(await tryFindRunning(folder)).toBeUndefined();
});

test("a folder whose process was killed can be claimed again", async () => {
  const folder = await newFolder();
  const holder = fork(path.join(import.meta.dirname, "fixtures", "hold-instance.ts"), [folder], { stdio: "ignore" });
  onTestFinished(() => void holder.kill("SIGKILL"));
  await once(holder, "message");
  expect(await tryClaim(folder)).toBeUndefined();

  holder.kill("SIGKILL");
  await once(holder, "exit");

  const next = await tryClaim(folder);
  expect(next).toBeDefined();
  await next?.close();
});

test("of two processes that come to a dead one's folder at once, one has it", async () => {
  const dead = await newFolder();
  const holder = fork(path.join(import.meta.dirname, "fixtures", "hold-instance.ts"), [dead], { stdio: "ignore" });
  await once(holder, "message");
  holder.kill("SIGKILL");
  await once(holder, "exit");
  const claimer = path.join(import.meta.dirname, "fixtures", "claim-instance.ts");
  const claimers = [1, 2].map(() => fork(claimer));
  onTestFinished(() => claimers.forEach((child) => child.disconnect()));
  const ask = async (folder: string) => {
    const answers = claimers.map(async (child) => {
      const answered = once(child, "message");
      child.send(folder);
      const [claimed] = (await answered) as [boolean];
      return claimed;
    });
    return (await Promise.all(answers)).filter(Boolean).length;
  };

  const counts = new Set<number>();
  for (let round = 0; round < 200; round += 1) {
    const folder = await newFolder();
    await mkdir(path.join(folder, "run"), { mode: 0o700 });
    await link(path.join(dead, "run", "cloud.sock"), path.join(folder, "run", "cloud.sock"));
    counts.add(await ask(folder));
    await ask("");
  }

  expect(counts).toEqual(new Set([1]));
});

test("a variable that leads nowhere near the cloud does not come with its answer", async () => {
  const folder = await newFolder();
  const instance = await tryClaim(folder);
  const cloud = cloudOf(folder);
  const env = { ...cloud.env, NODE_OPTIONS: "--require ./evil.cjs", PATH: "/evil" };
  instance?.announce({ ...cloud, env });

  expect(await tryFindRunning(folder)).toEqual(cloud);
  await instance?.close();
});

test("the data folder is closed to others, also one that was open", async () => {
  const folder = await newFolder();
  await chmod(folder, 0o755);

  const instance = await tryClaim(folder);

  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  await instance?.close();
});

test.runIf(process.getuid?.() === 0)("a folder of another user's is neither trusted nor taken", async () => {
  const folder = await newFolder();
  await chown(folder, 12_345, 12_345);

  await expect(tryFindRunning(folder)).rejects.toThrow("12345 owns it");
  await expect(tryClaim(folder)).rejects.toThrow("12345 owns it");
});

test("a path that is too long for a socket has it in a folder of the user's own", async () => {
  const folder = path.join(await newFolder(), "deep/".repeat(20));

  const instance = await tryClaim(folder);
  instance?.announce(cloudOf(folder));

  expect(await tryFindRunning(folder)).toEqual(cloudOf(folder));
  expect(await tryClaim(folder)).toBeUndefined();
  expect((await stat(path.join(tmpdir(), `line-bot-${process.getuid?.() ?? 0}`))).mode & 0o777).toBe(0o700);
  await instance?.close();
});

test("an answer that is not a cloud's is refused", async () => {
  const folder = await newFolder();
  await mkdir(path.join(folder, "run"), { mode: 0o700 });
  const server = createServer((connection) => connection.end("{}")).listen(path.join(folder, "run", "cloud.sock"));
  onTestFinished(() => void server.close());
  await once(server, "listening");

  await expect(tryFindRunning(folder)).rejects.toThrow("of another version");
});

const elsewhere: [what: string, of: (cloud: RunningCloud) => RunningCloud, name: string][] = [
  ["state in another folder", inEnv({ PULUMI_BACKEND_URL: "file:///tmp/theirs" }), "env.PULUMI_BACKEND_URL"],
  ["state in a service", inEnv({ PULUMI_BACKEND_URL: "https://theirs.example" }), "env.PULUMI_BACKEND_URL"],
  ["AWS on another machine", inEnv({ AWS_ENDPOINT_URL: "http://theirs.example" }), "env.AWS_ENDPOINT_URL"],
  ["AWS by a name that only begins so", inEnv({ AWS_ENDPOINT_URL: "http://localhost.theirs.example" }), "env.AWS_"],
  ["a provider that is no port", inEnv({ PULUMI_DEBUG_PROVIDERS: "aws:theirs.example:1" }), "env.PULUMI_DEBUG_"],
  ["LINE on another machine", (cloud) => ({ ...cloud, lineUrl: "https://theirs.example" }), "lineUrl"],
  ["LINE in a file", (cloud) => ({ ...cloud, lineUrl: "file://localhost/etc" }), "lineUrl"],
  ["a port that is none", (cloud) => ({ ...cloud, attachedProviders: { aws: 70_000 } }), "attachedProviders.aws"],
];

function inEnv(changed: Partial<RunningCloud["env"]>) {
  return (cloud: RunningCloud) => ({ ...cloud, env: { ...cloud.env, ...changed } });
}

test.each(elsewhere)("an answer that leads elsewhere is refused: %s", async (_what, change, name) => {
  const folder = await newFolder();
  const instance = await tryClaim(folder);
  instance?.announce(change(cloudOf(folder)));

  await expect(tryFindRunning(folder)).rejects.toThrow(name);
  await instance?.close();
});

const doors = ["", "run"];

test.each(doors)("what others may have put into a folder is neither trusted nor taken: %j", async (door) => {
  const folder = await newFolder();
  await mkdir(path.join(folder, "run"), { recursive: true, mode: 0o700 });
  await chmod(path.join(folder, door), 0o770);

  const advice = `close it with \`chmod 700 ${path.join(folder, door)}\``;
  await expect(tryFindRunning(folder)).rejects.toThrow(advice);
  await expect(tryClaim(folder)).rejects.toThrow(advice);
});

test.each(doors)("a link in a folder's place is not followed: %j", async (door) => {
  const folder = path.join(await newFolder(), "data");
  if (door !== "") await mkdir(folder, { mode: 0o700 });
  await symlink(await newFolder(), path.join(folder, door));

  await expect(tryFindRunning(folder)).rejects.toThrow("is not a folder");
  await expect(tryClaim(folder)).rejects.toThrow("is not a folder");
});

test("a link or a file in the socket's place is not asked", async () => {
  const folder = await newFolder();
  const socket = path.join(folder, "run", "cloud.sock");
  await mkdir(path.join(folder, "run"), { mode: 0o700 });
  await writeFile(path.join(folder, "theirs"), "");
  await symlink(path.join(folder, "theirs"), socket);

  await expect(tryFindRunning(folder)).rejects.toThrow("is not a socket. Remove it");
  await expect(tryClaim(folder)).rejects.toThrow("is not a socket. Remove it");
});

test.runIf(process.getuid?.() === 0).each(["run", "run/cloud.sock"])(
  "another user's is not trusted, also in a folder of one's own: %s",
  async (place) => {
    const folder = await newFolder();
    const instance = await tryClaim(folder);
    instance?.announce(cloudOf(folder));
    await lchown(path.join(folder, place), 12_345, 12_345);

    await expect(tryFindRunning(folder)).rejects.toThrow("12345 owns it");
    await expect(tryClaim(folder)).rejects.toThrow("12345 owns it");
    await instance?.close();
  },
);
