/** The functions that make up the program's one artifact, relative to its folder. */
export const entries = { webhook: "../functions/webhook.ts", worker: "../functions/worker.ts" } as const;
