import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type RunningCloud, tryClaim, tryFindRunning } from "../../local/instance.ts";

const cloud: RunningCloud = {
  pid: 1,
  attachedProviders: { aws: 2 },
  env: { A: "b" },
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
