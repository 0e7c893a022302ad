import { spawnSync } from "node:child_process";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { StackLocked, acquireLock, removeDeadLocks, removeLocks } from "../../../local/engine/backend/lock.ts";
import { createTempFolder } from "../support.ts";

const deadPid = (): number => spawnSync("true").pid;

async function leaveLock(folder: string, holder: object): Promise<void> {
  await mkdir(folder, { recursive: true });
  const content = {
    pid: process.pid,
    username: "ann",
    hostname: hostname(),
    timestamp: "2026-01-02T03:04:05Z",
    ...holder,
  };
  await writeFile(join(folder, "2f0c.json"), JSON.stringify(content));
  await writeFile(join(folder, "2f0c.json.attrs"), JSON.stringify({ "user.content_type": "text/plain" }));
}

describe("a stack's lock", () => {
  it("says who holds it, and is gone when it is given back", async () => {
    await using folder = await createTempFolder();
    const locks = join(folder.path, "locks");

    const lock = await acquireLock(locks);
    const [name = ""] = await readdir(locks);
    const holder = JSON.parse(await readFile(join(locks, name), "utf8"));
    await lock.release();

    expect(name).toMatch(/\.json$/);
    expect(holder).toMatchObject({ pid: process.pid, hostname: hostname() });
    expect(await readdir(locks)).toEqual([]);
  });

  it("goes to one of many that come at once, and the others stop at once", async () => {
    await using folder = await createTempFolder();
    const locks = join(folder.path, "locks");

    const results = await Promise.allSettled(Array.from({ length: 20 }, () => acquireLock(locks)));

    const refused = results.filter((result) => result.status === "rejected");
    expect(refused).toHaveLength(19);
    for (const { reason } of refused) expect(String(reason)).toContain(`(pid ${process.pid})`);
  });

  it("is refused while the Pulumi CLI holds one, naming the holder", async () => {
    await using folder = await createTempFolder();
    await leaveLock(folder.path, {});

    const refusal = acquireLock(folder.path);

    await expect(refusal).rejects.toThrow(StackLocked);
    await expect(refusal).rejects.toThrow(
      /the stack is currently locked by 1 lock\(s\).*ann@.*\(pid \d+\) at 2026-01-02T03:04:05Z/s,
    );
  });

  it("tells a dead holder from a living one", async () => {
    await using folder = await createTempFolder();
    await leaveLock(folder.path, { pid: deadPid() });

    await expect(acquireLock(folder.path)).rejects.toThrow(/has died.*`pulumi cancel`.*a process that is gone/s);
  });

  it("does not take a process of another machine for dead", async () => {
    await using folder = await createTempFolder();
    await leaveLock(folder.path, { pid: deadPid(), hostname: "elsewhere" });

    await expect(acquireLock(folder.path)).rejects.not.toThrow("has died");
    expect(await removeDeadLocks(folder.path)).toEqual([]);
  });

  it("takes a lock that cannot be read for a lock", async () => {
    await using folder = await createTempFolder();
    await writeFile(join(folder.path, "x.json"), "{");

    await expect(acquireLock(folder.path)).rejects.toThrow("created by unknown@unknown");
  });

  it("is free again after a dead holder's lock was removed", async () => {
    await using folder = await createTempFolder();
    await leaveLock(folder.path, { pid: deadPid() });

    const removed = await removeDeadLocks(folder.path);

    expect(removed).toEqual([expect.stringContaining("created by ann@")]);
    await expect(acquireLock(folder.path)).resolves.toBeDefined();
  });

  it("is free again after a cancel, whoever held it", async () => {
    await using folder = await createTempFolder();
    await leaveLock(folder.path, {});

    await removeLocks(folder.path);

    await expect(acquireLock(folder.path)).resolves.toBeDefined();
  });
});
