/** `npm pack` runs this first: JavaScript and types for other programs, as Node strips no types below node_modules. */
import { execFileSync } from "node:child_process";
import { cp, glob, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { root } from "../local-stack.ts";

const dist = path.join(root, "dist");
await rm(dist, { recursive: true, force: true });
const tsc = path.join(root, "node_modules", ".bin", "tsc");
execFileSync(tsc, ["-p", "tsconfig.package.json"], { cwd: root, stdio: ["ignore", 2, 2] });
// The kit is in no registry: it comes along, and is found by its path.
for await (const file of glob("**/*.{js,d.ts}", { cwd: dist })) {
  const text = await readFile(path.join(dist, file), "utf8");
  const kit = path.relative(path.dirname(file), path.join("packages", "kit"));
  const found = text.replaceAll(/"@pulumi-line-bot\/kit\/([\w-]+)"/g, `"${kit}/$1.js"`);
  if (found !== text) await writeFile(path.join(dist, file), found);
}
for (const shim of ["channel-webhook", "proven-version"]) {
  for (const file of ["shim.js", "shim.d.ts"]) {
    await cp(path.join(root, "infra", shim, file), path.join(dist, "infra", shim, file));
  }
}
