/** `npm run promote -- <from> <to>`: pins a stack to the artifact that another stack runs and has proved. */
import { styleText } from "node:util";
import type { Pin } from "../../infra/pin.ts";
import { printable, printableJson } from "@pulumi-line-bot/kit/printable";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { parseCommandLine, runCommand } from "../command-line.ts";
import { formatFingerprint, takeFingerprint } from "../fingerprint.ts";
import { localStack } from "../local-stack.ts";
import { type Gate, gates, type Verdict } from "../promotion/gates.ts";
import { readPin, readStackFile, writePin } from "../promotion/pin-file.ts";
import { describeChange, type Preview } from "../promotion/preview.ts";
import { openPromotion, type Promotion } from "../promotion/promotion.ts";
import { type StackPlace, withPlaces } from "../stack-place.ts";

const command = {
  usage: "npm run promote -- <from> <to> [--allow <resource or key>] [--dry-run] [--json] [--local] [--port <n>]",
  options: {
    allow: { type: "string", multiple: true },
    "dry-run": { type: "boolean" },
    json: { type: "boolean" },
    local: { type: "boolean" },
    port: { type: "string" },
  },
  words: 2,
} as const;

async function main(): Promise<number> {
  const { values, positionals } = parseCommandLine(command, process.argv.slice(2));
  const [from = "", to = ""] = positionals;
  if (from === to) throw new UserError(`A stack proves for another one: ${command.usage}`);
  await Promise.all([from, to].map(readStackFile));
  const say = values.json === true ? () => {} : console.log;
  return withPlaces([from, to] as const, values, async ([source, target]) => {
    const promotion = openPromotion(source, target, new Set(values.allow));
    const verdicts = await checkAll(promotion, (gate, verdict) => say(describeVerdict(gate, verdict)));
    const isOpen = verdicts.every(({ passed }) => passed);
    const report = { from, to, promoted: false, gates: verdicts };
    if (!isOpen) {
      say(
        `\nNothing was changed. To fix: ${verdicts
          .filter(({ passed }) => !passed)
          .map(({ gate }) => gate)
          .join(", ")}.`,
      );
      if (values.json === true) printJson(report);
      return 1;
    }
    const [pin, preview] = await Promise.all([promotion.pin(), promotion.preview()]);
    const isWritten = values["dry-run"] !== true;
    const former = readPin(await readStackFile(to));
    if (isWritten) await writePin(to, pin);
    const fingerprint = isWritten ? formatFingerprint(await takeFingerprint(target)) : undefined;
    if (values.json === true) {
      printJson({ ...report, promoted: isWritten, pin, former, changes: preview.changes, fingerprint });
    } else {
      say(describePromotion(target, pin, preview));
      say(
        fingerprint === undefined
          ? "\nNothing was written (--dry-run)."
          : describeNext(source, target, pin, fingerprint),
      );
    }
    return 0;
  });
}

type Judged = Verdict & { gate: string };

/** All of them, so that one run shows all there is to fix. */
async function checkAll(promotion: Promotion, tell: (gate: Gate, verdict: Verdict) => void): Promise<Judged[]> {
  const judged: Judged[] = [];
  for (const gate of gates) {
    const verdict = await gate.check(promotion).catch(toRefusal);
    tell(gate, verdict);
    judged.push({ gate: gate.name, ...verdict });
  }
  return judged;
}

function toRefusal(error: unknown): Verdict {
  if (!(error instanceof UserError)) throw error;
  return { passed: false, says: error.message, todo: "Fix that, then promote again." };
}

function describeVerdict({ name }: Gate, { passed, says, todo }: Verdict): string {
  const line = `${passed ? styleText("green", "✔") : styleText("red", "✘")} ${name.padEnd(14)} ${printable(says)}`;
  return todo === undefined ? line : `${line}\n    → ${printable(todo)}`;
}

function describePromotion({ stack }: StackPlace, pin: Pin, { changes }: Preview): string {
  const rows = changes.map((change) => `  ${printable(describeChange(change))}`);
  return [
    `\n${stack} is to run the artifact ${pin.artifact} of commit ${pin.commit}.`,
    `What ${stack} will change:`,
    ...(rows.length > 0 ? rows : ["  nothing: it runs that already"]),
  ].join("\n");
}

function describeNext(from: StackPlace, to: StackPlace, { artifact }: Pin, fingerprint: string): string {
  const file = `Pulumi.${to.stack}.yaml`;
  const where = to.target === undefined || to.stack === localStack ? "" : " --local";
  return [
    `\nFingerprint: ${fingerprint}`,
    `\nThe pin is in ${file}. The promotion is that change, reviewed:`,
    `    git switch -c promote-${artifact.slice(0, 8)}`,
    `    git commit -m "Promote ${artifact.slice(0, 12)} from ${from.stack} to ${to.stack}" ${file}`,
    "    git push, and open a pull request",
    `Then deploy what was reviewed, and nothing else:`,
    `    npm run up -- ${to.stack}${where} --expect ${fingerprint}`,
  ].join("\n");
}

const printJson = (value: unknown): void => console.log(printableJson(value, 2));

await runCommand(main);
