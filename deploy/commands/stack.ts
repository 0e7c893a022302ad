/** `npm run preview|up|refresh|destroy -- <stack>`. */
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { parseCommandLine, runCommand } from "../command-line.ts";
import { withConsent } from "../consent.ts";
import { formatFingerprint, requireFingerprint, takeFingerprint } from "../fingerprint.ts";
import { localStack } from "../local-stack.ts";
import { followAliases } from "../promotion/aliases.ts";
import { verifyPinned } from "../promotion/verify.ts";
import { chooseEngine, type Operation, operations } from "../stack-engines.ts";
import { type StackPlace, withPlaces } from "../stack-place.ts";

const command = (kind: string) =>
  ({
    usage: `npm run ${kind} -- <stack> [--local] [--expect <fingerprint>] [--take-over <url>] [--engine embedded|pulumi] [--yes] [--diff] [--refresh] [--expect-no-changes] [--target <urn>] [--replace <urn>] [--parallel <n>] [--policy-pack <folder>] [--port <n>]`,
    options: {
      local: { type: "boolean" },
      expect: { type: "string" },
      "take-over": { type: "string" },
      engine: { type: "string" },
      yes: { type: "boolean", short: "y" },
      diff: { type: "boolean" },
      refresh: { type: "boolean" },
      "expect-no-changes": { type: "boolean" },
      target: { type: "string", multiple: true },
      replace: { type: "string", multiple: true },
      parallel: { type: "string" },
      "policy-pack": { type: "string", multiple: true },
      port: { type: "string" },
    },
    words: 1,
  }) as const;

async function main(): Promise<number> {
  const [kind, ...args] = process.argv.slice(2);
  if (!isOperation(kind)) throw new UserError(`One of ${operations.join(", ")} is needed, not ${JSON.stringify(kind)}`);
  const { values, positionals } = parseCommandLine(command(kind), args);
  const { local, port, engine, expect, "take-over": takeOver, ...flags } = values;
  const [stack = ""] = positionals;
  if (expect !== undefined && kind !== "up") {
    throw new UserError("--expect belongs to `npm run up`: `npm run preview` prints the fingerprint that it takes.");
  }
  if (takeOver !== undefined && kind !== "up" && kind !== "preview") {
    throw new UserError(
      "--take-over belongs to `npm run up` and `npm run preview`: no other command moves the channel.",
    );
  }
  const operate = async (place: StackPlace) => {
    const run = chooseEngine(place, engine);
    if (expect !== undefined) requireFingerprint(expect, await takeFingerprint(place));
    const startedAtMs = Date.now();
    const code = await run(kind, place, flags);
    if (kind === "up" && code !== 0) await followAliases(place, run, startedAtMs);
    // A part of the stack may leave the functions as they were.
    if (kind === "up" && code === 0 && flags.target === undefined) return verifyPinned(place);
    if (kind === "preview" && code === 0) await tellFingerprint(place);
    return code;
  };
  return withPlaces([stack], { local, port }, ([place]) => withConsent(place, takeOver, operate));
}

const isOperation = (word: string | undefined): word is Operation => operations.some((kind) => kind === word);

async function tellFingerprint(place: StackPlace): Promise<void> {
  const fingerprint = await takeFingerprint(place).catch((error: unknown) => {
    // Sources that were downloaded without their repository can be previewed all the same.
    if (error instanceof UserError) return error;
    throw error;
  });
  if (fingerprint instanceof UserError) return console.log(`No fingerprint: ${fingerprint.message}`);
  const text = formatFingerprint(fingerprint);
  const where = place.target === undefined || place.stack === localStack ? "" : " --local";
  console.log(`Fingerprint: ${text}\nTo deploy just this: npm run up -- ${place.stack}${where} --expect ${text}`);
}

await runCommand(main);
