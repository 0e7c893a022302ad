// Plain JavaScript, so that the compile cache is there before the first TypeScript: what is in it needs no stripping.
import { enableCompileCache } from "node:module";

// Without a place for it, the second start is as the first was.
enableCompileCache();
const { main } = await import("../cli/main.ts");
process.exitCode = await main(process.argv.slice(2));
