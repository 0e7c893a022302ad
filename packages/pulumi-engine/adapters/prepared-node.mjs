// Started before it is known what to run: loads the SDK meanwhile, then runs the SDK's script as if it had been started.
import { once } from "node:events";
import { createRequire } from "node:module";

const [, , script] = process.argv;
const load = createRequire(script);

const told = once(process, "message");
// Anyone who has something to wait for stays.
process.channel.ref();
load("../..");
const [{ args, env }] = await told;
process.channel.unref();

process.argv.splice(1, Infinity, script, ...args);
Object.assign(process.env, env);
load(script);
