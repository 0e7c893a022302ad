/** `npm pack` runs this first: JavaScript and types for other programs, as Node strips no types below node_modules. */
import { execFileSync } from "node:child_process";
import { cp, rm } from "node:fs/promises";
import path from "node:path";
import { root } from "./local-stack.ts";

const dist = path.join(root, "dist");
await rm(dist, { recursive: true, force: true });
const tsc = path.join(root, "node_modules", ".bin", "tsc");
execFileSync(tsc, ["-p", "tsconfig.package.json"], { cwd: root, stdio: ["ignore", 2, 2] });
// Their text is what Pulumi serializes: byte for byte that of the sources.
for (const shim of ["channel-webhook", "proven-version"]) {
  for (const file of ["shim.js", "shim.d.ts"]) {
    await cp(path.join(root, "infra", shim, file), path.join(dist, "infra", shim, file));
  }
}
