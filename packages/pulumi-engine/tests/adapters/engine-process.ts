/** An engine in a process of its own, for a test to kill. */
import { MemoryStore } from "../core/harness.ts";
import { operate } from "./support.ts";

await operate(process.argv[2] ?? "", new MemoryStore(), { kind: "update" });
