/** `plan.ts <stack>`: the real plan for whoever approves the deployment, and its fingerprint for the job that deploys. */
import { UserError } from "../../line/user-error.ts";
import { runCommand } from "../command-line.ts";
import { runOwn } from "./command.ts";
import { addSummary, asBlock, setOutput } from "./runner.ts";

async function main(): Promise<number> {
  const [stack] = process.argv.slice(2);
  if (stack === undefined) throw new UserError("Which stack? node deploy/run.cjs deploy/ci/plan.ts <stack>");
  const { code, stdout } = await runOwn("stack.ts", "preview", stack, "--diff");
  process.stdout.write(stdout);
  const [, fingerprint] = /^Fingerprint: ([0-9a-f]{8}(?:-[0-9a-f]{8}){3})$/m.exec(stdout) ?? [];
  const verdict = code === 0 ? "What is approved with this run:" : "This cannot be deployed:";
  await addSummary(`### ${stack}\n\n${verdict}\n\n${asBlock(stdout)}`);
  if (code !== 0) return code ?? 1;
  if (fingerprint === undefined) throw new UserError("The preview told no fingerprint: nothing can be approved.");
  await setOutput("fingerprint", fingerprint);
  return 0;
}

await runCommand(main);
