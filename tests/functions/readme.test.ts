import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";

const row = /^\| (.+?) +\| `([\w-]+)`: (.+?) +\|$/gm;

test("every fault in the README has the test that it names", async () => {
  const text = await readFile(path.join(import.meta.dirname, "README.md"), "utf8");
  const rows = [...text.matchAll(row)];
  expect(rows.length).toBeGreaterThan(45);

  for (const [, fault, file, title = ""] of rows) {
    const source = await readFile(path.join(import.meta.dirname, `${file}.test.ts`), "utf8");
    expect(source.includes(title), `${fault}: ${file}.test.ts has no test "${title}"`).toBe(true);
  }
});
