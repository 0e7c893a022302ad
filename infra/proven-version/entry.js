// See `../channel-webhook/entry.js`.
import { existsSync } from "node:fs";

const source = new URL("provider.ts", import.meta.url);
const built = new URL("../../dist/infra/proven-version/provider.js", import.meta.url);

export const { diff, create, update } = await import((existsSync(source) ? source : built).href);
