import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { withTemporaryFolder } from "../../deploy/temporary-folder.ts";

test("is there for as long as it is used, whatever comes of that", async () => {
  let used = "";
  const use = withTemporaryFolder("folder-test-", (folder) => {
    used = folder;
    expect(existsSync(folder)).toBe(true);
    return Promise.reject(new Error("of its use"));
  });

  await expect(use).rejects.toThrow("of its use");
  expect(existsSync(used)).toBe(false);
});

test.each(["SIGINT", "SIGTERM"] as const)("is gone when %s ends the process meanwhile", async (signal) => {
  const module = path.join(import.meta.dirname, "../../deploy/temporary-folder.ts");
  const program = `const { withTemporaryFolder } = await import(${JSON.stringify(module)});
    await withTemporaryFolder("folder-test-", (folder) => new Promise(() => {
      setInterval(() => {}, 1000);
      process.stdout.write(folder);
    }));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [folder] = (await once(child.stdout, "data")) as [Buffer];
  expect(existsSync(folder.toString())).toBe(true);
  child.kill(signal);

  expect(await once(child, "exit")).toEqual([null, signal]);
  expect(existsSync(folder.toString())).toBe(false);
});
