import { enableCompileCache } from "node:module";

// The second start reads compiled code; without a place for it, it starts as the first did.
enableCompileCache();
const { main } = await import("../cli/main.ts");
process.exitCode = await main(process.argv.slice(2));
