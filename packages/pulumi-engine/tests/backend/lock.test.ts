import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describeOurselves, parseHolder } from "../../backend/lock-holder.ts";
import { StackLocked, acquireLock, removeLocks } from "../../backend/lock.ts";
import { createTempFolder } from "../support.ts";

const deadPid = (): number => spawnSync("true").pid;

/** A lock as one of our engines would leave it, which ended since. */
const dead = () => ({ ...describeOurselves(), pid: deadPid() });

/** A lock as the Pulumi CLI writes it, unless `holder` says more. */
async function leaveLock(folder: string, holder: object): Promise<void> {
  await mkdir(folder, { recursive: true });
  const content = {
    pid: process.pid,
    hostname: hostname(),
    ...holder,
    username: "ann",
    timestamp: "2026-01-02T03:04:05Z",
  };
  await writeFile(join(folder, "2f0c.json"), JSON.stringify(content));
  await writeFile(join(folder, "2f0c.json.attrs"), JSON.stringify({ "user.content_type": "text/plain" }));
}

interface Contender {
  pid: number;
  /** See `lock-contender.ts`. */
  ask(message: object): Promise<unknown>;
}

function startContenders(count: number): { all: Contender[] } & Disposable {
  const children = Array.from({ length: count }, () => fork(join(import.meta.dirname, "lock-contender.ts")));
  const all = children.map((child) => ({
    pid: child.pid ?? 0,
    ask: async (message: object) => {
      const answered = once(child, "message");
      child.send(message);
      const [answer] = (await answered) as unknown[];
      return answer;
    },
  }));
  return { all, [Symbol.dispose]: () => children.forEach((child) => child.disconnect()) };
}

async function pidsIn(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return Promise.all(names.map(async (name) => parseHolder(await readFile(join(folder, name), "utf8")).pid));
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
    await leaveLock(folder.path, dead());

    await expect(acquireLock(folder.path)).rejects.toThrow(/has died.*`pulumi cancel`.*a process that is gone/s);
  });

  it.each([
    ["of another machine", { hostname: "elsewhere" }],
    ["of another PID namespace, as that of a container with this host's name", { pidNamespace: "pid:[4026532999]" }],
  ])("does not take a process %s for dead", async (_whose, holder) => {
    await using folder = await createTempFolder();
    await leaveLock(folder.path, { ...dead(), ...holder });

    const refusal = acquireLock(folder.path, { replaceDead: true });

    await expect(refusal).rejects.toThrow("`pulumi cancel` removes the lock where you are sure that none runs");
    expect(await readdir(folder.path)).toContain("2f0c.json");
  });

  it.runIf(process.platform === "linux")(
    "does not take the Pulumi CLI for dead, which names no namespace",
    async () => {
      await using folder = await createTempFolder();
      await leaveLock(folder.path, { pid: deadPid() });

      await expect(acquireLock(folder.path, { replaceDead: true })).rejects.not.toThrow("has died");
    },
  );

  it.runIf(process.platform === "linux")("knows a dead holder whose pid has come again", async () => {
    await using folder = await createTempFolder();
    await leaveLock(folder.path, { ...describeOurselves(), startTime: "1" });

    await expect(acquireLock(folder.path)).rejects.toThrow("has died");
  });

  it.each([
    ["that cannot be read", "{", "created by unknown@unknown (pid 0)"],
    ["that is no object", "null", "created by unknown@unknown (pid 0)"],
    ["whose pid is none", '{"pid":"1","username":"ann"}', "created by ann@unknown (pid 0)"],
  ])("takes a lock %s for a lock, of a living holder", async (_what, content, words) => {
    await using folder = await createTempFolder();
    await writeFile(join(folder.path, "x.json"), content);

    await expect(acquireLock(folder.path, { replaceDead: true })).rejects.toThrow(words);
  });

  it("takes the place of a dead holder where it may, and is the only one then", async () => {
    await using folder = await createTempFolder();
    await leaveLock(folder.path, dead());

    const lock = await acquireLock(folder.path, { replaceDead: true });

    const [name, ...others] = (await readdir(folder.path)).filter((file) => file.endsWith(".json"));
    expect(name).toMatch(/^embedded-/);
    expect(others).toEqual([]);
    await lock.release();
    expect(await readdir(folder.path)).toEqual([]);
  });

  it("is never held by two that come to a dead holder's place at once", async () => {
    await using folder = await createTempFolder();
    using contenders = startContenders(3);

    const holders: number[] = [];
    for (let round = 0; round < 400; round += 1) {
      const locks = join(folder.path, String(round));
      await leaveLock(locks, dead());
      const answers = await Promise.all(contenders.all.map((each) => each.ask({ acquire: locks })));
      holders.push(answers.filter(Boolean).length);
      await Promise.all(contenders.all.map((each) => each.ask({ release: true })));
    }

    expect(holders.filter((count) => count > 1)).toEqual([]);
    expect(holders.filter((count) => count === 1).length).toBeGreaterThan(0);
  });

  it("that is given back while another cancels it and takes its place leaves the other's", async () => {
    await using folder = await createTempFolder();
    using contenders = startContenders(2);
    const [holder, other] = contenders.all as [Contender, Contender];

    const lost: number[] = [];
    for (let round = 0; round < 400; round += 1) {
      const locks = join(folder.path, String(round));
      await holder.ask({ acquire: locks });
      const [, took] = await Promise.all([holder.ask({ release: true }), other.ask({ takeOver: locks })]);
      if (took !== true || !(await pidsIn(locks)).includes(other.pid)) lost.push(round);
      await other.ask({ release: true });
      expect(await readdir(locks)).toEqual([]);
    }

    expect(lost).toEqual([]);
  });

  it("that is taken while a cancel looks at the former one is there, unless the cancel saw it", async () => {
    await using folder = await createTempFolder();
    using contenders = startContenders(3);
    const [holder, canceller, next] = contenders.all as [Contender, Contender, Contender];

    const lost: number[] = [];
    for (let round = 0; round < 400; round += 1) {
      const locks = join(folder.path, String(round));
      await holder.ask({ acquire: locks });
      const [, cancelled] = await Promise.all([
        holder.ask({ release: true }),
        canceller.ask({ cancel: locks }),
        next.ask({ insist: locks }),
      ]);
      const wasSeen = (cancelled as number[]).includes(next.pid);
      if (!wasSeen && !(await pidsIn(locks)).includes(next.pid)) lost.push(round);
      await next.ask({ release: true });
    }

    expect(lost).toEqual([]);
  });

  it("leaves another's lock where its own was cancelled and the name taken again", async () => {
    await using folder = await createTempFolder();
    const cancelled = await acquireLock(folder.path);
    await removeLocks(folder.path);
    await acquireLock(folder.path);

    await cancelled.release();

    await expect(acquireLock(folder.path)).rejects.toThrow(StackLocked);
  });

  it("is free again after a cancel, also where another held it", async () => {
    await using folder = await createTempFolder();
    await leaveLock(folder.path, {});

    await removeLocks(folder.path);

    await expect(acquireLock(folder.path)).resolves.toBeDefined();
  });
});
