// What the shim in the state imports: the sources in a checkout, where Node strips their types, and the build in an
// installed package, where it refuses to.
import { existsSync } from "node:fs";

const source = new URL("provider.ts", import.meta.url);
const built = new URL("../../dist/infra/channel-webhook/provider.js", import.meta.url);

export const { check, diff, create, read, update, remove } = await import((existsSync(source) ? source : built).href);
