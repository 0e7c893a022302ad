import { spawnSync } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseExport } from "../../backend/checkpoint.ts";
import { findIntegrityFault } from "../../backend/integrity.ts";
import { type ProjectFolder, thingClass } from "../program.ts";
import { createWithStack, printed, pulumi, run, start } from "./command.ts";

const count = 32;
const kills = 20;

/** Things in a chain of fours, each of which takes a moment; another size replaces a third of them. */
const program = (size: number) => `${thingClass}
  let before;
  for (let index = 0; index < ${count}; index += 1) {
    const props = { slow: 10 + (index % 4) * 15, size: index % 3 === 0 ? ${size} : 0, note: ${size} };
    const thing = new Thing("t" + index, props, { dependsOn: index % 4 === 0 ? [] : [before] });
    before = thing;
  }
`;

type Folder = Awaited<ReturnType<typeof createWithStack>>;

async function exported(folder: ProjectFolder) {
  const { stdout, code, stderr } = await run(folder, ["stack", "export"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const { deployment } = parseExport(stdout, "the export");
  if (!deployment) throw new Error("There is no deployment");
  return deployment;
}

/** The state is whole, and no object exists that it does not know, or names as one that may. */
async function expectWhole(folder: Folder): Promise<void> {
  const deployment = await exported(folder);
  expect(findIntegrityFault(deployment)).toBeUndefined();
  const ids = new Set(deployment.resources?.map(({ id }) => id));
  const creating = new Set(
    deployment.pending_operations
      ?.filter(({ type }) => type === "creating")
      .map(({ resource }) => resource.inputs?.["name"]),
  );
  const forgotten = (await readdir(folder.world)).filter((id) => !ids.has(id) && !creating.has(id.split("-")[0]));
  expect(forgotten).toEqual([]);
}

async function expectExplained(folder: Folder): Promise<void> {
  const { stderr, code } = await run(folder, ["up", "--yes", "--skip-preview"]);
  expect(stderr).toMatch(/That process has died[^]*pulumi cancel/);
  expect(code).toBe(1);
}

describe("an engine that dies", () => {
  // Two at a time, each its share of the kills.
  it.concurrent.each([1, 2])(
    "leaves a whole state, and the next one goes on from it (%i)",
    { timeout: 300_000 },
    async (chain) => {
      const seed = Number(process.env["ENGINE_SEED"] ?? Date.now()) + chain;
      const random = createRandom(seed);
      await using folder = await createWithStack(program(1));
      console.log(`seed ${seed - chain}`);

      for (let killed = 0; killed < kills / 2;) {
        await folder.write(program(1 + Math.floor(random() * 2)));
        const { child, ended } = start(folder, ["up", "--yes", "--skip-preview", "--parallel", "4"]);
        await printed(child, random() < 0.1 ? "Updating" : "ing (0s)");
        const timer = setTimeout(() => child.kill("SIGKILL"), random() * 700);
        const { code } = await ended;
        clearTimeout(timer);

        await expectWhole(folder);
        if (code === null && killed === 0) await expectExplained(folder);
        if (code === null) killed += 1;
        await run(folder, ["cancel", "--yes"]);
      }

      await folder.write(program(5));
      const up = await run(folder, ["up", "--yes", "--skip-preview"]);
      expect(up.stderr).toBe("");
      expect(up.code).toBe(0);
      await expectWhole(folder);
      const running = spawnSync("ps", ["-eo", "args"], { encoding: "utf8" }).stdout;
      expect(running.split("\n").filter((line) => line.includes(folder.path))).toEqual([]);
    },
  );
});

describe("a disk that is full", () => {
  it("fails the update, and leaves the last state that could be written", { timeout: 300_000 }, async () => {
    await using folder = await createWithStack(program(1));

    // A limit on the size of files stands for the disk: the state grows past it in the midst of the update.
    const limited = await run(folder, ["-c", `ulimit -f 24; exec "${pulumi}" up --yes --skip-preview`], {
      command: "/bin/sh",
    });
    await expectWhole(folder);
    const next = await run(folder, ["up", "--yes", "--skip-preview"]);

    expect(limited.code).not.toBe(0);
    expect(`${limited.stdout}${limited.stderr}`).toMatch(/EFBIG|file too large/i);
    expect(next.code).toBe(0);
    await expectWhole(folder);
    const stacks = join(folder.path, "..", "state", ".pulumi", "stacks", "shop");
    expect((await readdir(stacks)).toSorted()).toEqual(["dev.json", "dev.json.bak"]);
    expect(JSON.parse(await readFile(join(stacks, "dev.json"), "utf8")).checkpoint.latest.resources).toHaveLength(
      count + 2,
    );
  });
});

/** mulberry32: the same numbers for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
