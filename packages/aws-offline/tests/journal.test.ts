import { appendFile, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openJournal } from "../store/journal.ts";
import { createTempFolder } from "./support/local-aws.ts";

type Entry = [name: string, count: number];

/** Counts by name: only the last entry of a name matters. */
async function openCounts(folder?: string, slackBytes = 200) {
  const file = join(folder ?? (await createTempFolder()), "counts", "counts.journal");
  const counts = new Map<string, number>();
  const journal = openJournal<Entry>(file, {
    replay: ([name, count]) => void counts.set(name, count),
    snapshot: () => [...counts],
    slackBytes,
  });
  let isOpen = true;
  const close = () => {
    if (isOpen) journal.close();
    isOpen = false;
  };
  onTestFinished(close);
  const set = (...entry: Entry) => {
    journal.append(entry);
    counts.set(...entry);
  };
  return { file, folder: join(file, "../.."), counts, set, close };
}

test("a journal is written again from time to time, and loses no entry by that", async () => {
  const { file, folder, set } = await openCounts();

  // After each of them a kill could come.
  for (let count = 1; count <= 100; count++) {
    set("a", count);
    set(`b${count % 3}`, count);
    const { counts } = await openCounts(await copy(file));
    expect(counts.get("a")).toBe(count);
    expect(counts.get(`b${count % 3}`)).toBe(count);
  }

  expect((await stat(file)).size).toBeLessThan(500);
  expect((await openCounts(folder)).counts.size).toBe(4);
});

test("an entry that was cut off counts as never written, and the next ones count", async () => {
  const first = await openCounts();
  first.set("a", 1);
  first.close();
  await appendFile(first.file, '["a",2');

  const second = await openCounts(first.folder);
  second.set("b", 1);
  second.close();

  expect(Object.fromEntries((await openCounts(first.folder)).counts)).toEqual({ a: 1, b: 1 });
});

test("a journal that is damaged is reported by its name", async () => {
  const first = await openCounts();
  first.close();
  await appendFile(first.file, "{\n");

  await expect(openCounts(first.folder)).rejects.toThrow(/counts\.journal is not readable/);
});

/** What a process that starts now would find. */
async function copy(file: string): Promise<string> {
  const folder = await createTempFolder();
  const other = await openCounts(folder);
  other.close();
  await appendFile(other.file, await readFile(file));
  return folder;
}
