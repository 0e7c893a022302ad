import { fork } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type RunningCloud, tryClaim, tryFindRunning } from "../../local/instance.ts";

const cloud: RunningCloud = {
  pid: 1,
  attachedProviders: { aws: 2 },
  env: {
    PULUMI_BACKEND_URL: "file:///state",
    PULUMI_CONFIG_PASSPHRASE: "local",
    PULUMI_DEBUG_PROVIDERS: "aws:2",
    AWS_ENDPOINT_URL: "http://127.0.0.1:4",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  },
  lineUrl: "http://localhost:3",
  certificateAuthority: "-----BEGIN CERTIFICATE-----",
};
const newFolder = () => mkdtemp(path.join(tmpdir(), "instance-"));

test("a data folder belongs to one process at a time, and whoever asks learns where its cloud is", async () => {
  const folder = await newFolder();
  const first = await tryClaim(folder);

  expect(await tryClaim(folder)).toBeUndefined();
  const asked = tryFindRunning(folder);
  first?.announce(cloud);
  expect(await asked).toEqual(cloud);

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

test("a variable that leads nowhere near the cloud does not come with its answer", async () => {
  const folder = await newFolder();
  const instance = await tryClaim(folder);
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
  instance?.announce(cloud);

  expect(await tryFindRunning(folder)).toEqual(cloud);
  expect(await tryClaim(folder)).toBeUndefined();
  expect((await stat(path.join(tmpdir(), `line-bot-${process.getuid?.() ?? 0}`))).mode & 0o777).toBe(0o700);
  await instance?.close();
});

test("an answer that is not a cloud's is refused", async () => {
  const folder = await newFolder();
  await mkdir(path.join(folder, "run"));
  const server = createServer((connection) => connection.end("{}")).listen(path.join(folder, "run", "cloud.sock"));
  onTestFinished(() => void server.close());
  await once(server, "listening");

  await expect(tryFindRunning(folder)).rejects.toThrow("of another version");
});
