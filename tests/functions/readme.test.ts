import { glob, readFile } from "node:fs/promises";
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

test("every environment variable that the functions read is in their README", async () => {
  const folder = path.join(import.meta.dirname, "../../functions");
  const readme = await readFile(path.join(folder, "README.md"), "utf8");
  const read = new Set<string>();
  for await (const file of glob("**/*.ts", { cwd: folder })) {
    const source = await readFile(path.join(folder, file), "utf8");
    for (const [, name = ""] of source.matchAll(/\benv(?:\["|, ")([A-Z_]+)"/g)) read.add(name);
  }

  expect(read.size).toBeGreaterThan(8);
  for (const name of ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]) read.delete(name); // Like `AWS_ACCESS_KEY_ID`.
  expect([...read].filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});
