import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = path.dirname(import.meta.dirname);
const bin = path.join(root, "node_modules", ".bin");

const tools: [promise: string, tool: string, ...args: string[]][] = [
  ["the sources are formatted (npm run fix)", "oxfmt", "--check"],
  ["the sources keep the lint rules, the layers among them", "oxlint"],
  ["the types hold", "tsc"],
  ["the types hold in the pages that a browser runs", "tsc", "-p", "packages/line-simulator/pages"],
  ["no file, export or dependency is unused", "knip", "--no-progress"],
];

test.each(tools)("%s", { timeout: 300_000 }, async (_promise, tool, ...args) => {
  const said = await promisify(execFile)(path.join(bin, tool), args, { cwd: root }).then(
    () => "",
    (error: Error & { stdout: string; stderr: string }) => `${error.stdout}${error.stderr}` || error.message,
  );

  expect(said).toBe("");
});
