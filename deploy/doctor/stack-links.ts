import { type Deployment, findDeployment } from "../deployment.ts";
import { changesExitCode, pulumiText, runPulumi } from "../pulumi-command.ts";
import { tryFindLive } from "../stack-aws.ts";
import { type Finding, link, type World } from "./link.ts";

const deployAgain = ({ stack }: { stack: string }) => `Deploy with \`npm run up -- ${stack}\`.`;

export const tools = link({
  name: "Node and Pulumi",
  needs: [],
  gives: "pulumi",
  otherwise: "See that the command runs by itself.",
  async check(_facts, { pulumi, target }) {
    const version = (await pulumiText(pulumi, ["version"])).trim();
    const engine = target === undefined ? "the Pulumi CLI" : "the embedded engine, as Pulumi";
    return {
      status: "ok",
      says: `Node ${process.versions.node}, ${engine} ${version}`,
      found: { pulumi: version },
    };
  },
});

export const deployed = link({
  name: "Stack",
  needs: ["pulumi"],
  gives: "deployed",
  otherwise: ({ stack }) =>
    `Make the stack with \`pulumi stack init ${stack}\` if there is none, and deploy with \`npm run up -- ${stack}\`.`,
  async check(_facts, { stack, target, pulumi }) {
    const deployment = await findDeployment(stack, target, pulumi);
    return {
      status: "ok",
      says: `${stack} is deployed: ${deployment.outputs.webhookUrl}`,
      found: { deployed: deployment },
    };
  },
});

export const artifact = link({
  name: "Artifact",
  needs: ["deployed"],
  otherwise: "Look at the function in AWS's console; the error is AWS's.",
  async check({ deployed }, world) {
    const { functionName, functionVersion, workerName, workerVersion } = deployed.outputs;
    const findings = [
      await checkFunction(deployed, { name: functionName, version: functionVersion }, world),
      await checkFunction(deployed, { name: workerName, version: workerVersion }, world),
    ];
    const worst = ["failed", "warning"].flatMap((status) => findings.filter((finding) => finding.status === status));
    if (worst[0] !== undefined) return worst[0];
    return {
      status: "ok",
      says: `${findings.map(({ says }) => says).join("; ")}: ${short(deployed.outputs.artifactSha256)}`,
    };
  },
});

/** Both functions run the one artifact. */
async function checkFunction(
  { outputs: { artifactSha256 }, region, aws }: Deployment,
  { name, version }: { name: string; version: string },
  world: World,
): Promise<Finding> {
  const live = await tryFindLive(aws, region, name);
  if (live === undefined) {
    const says = `There is no function ${name} with an alias live in ${region}`;
    const todo = `\`npm run refresh -- ${world.stack}\`, then \`npm run up -- ${world.stack}\`.`;
    return { status: "failed", says, todo };
  }
  if (live.codeSha256 !== artifactSha256) {
    const says = `Version ${live.version} of ${name} is live with the code ${short(live.codeSha256)}, and the stack deployed ${short(artifactSha256)}`;
    return { status: "failed", says, todo: `Somebody changed it elsewhere, or rolled back. ${deployAgain(world)}` };
  }
  if (live.version !== version) {
    const says = `Version ${live.version} of ${name} is live, and the stack deployed version ${version} with the same code`;
    return { status: "warning", says, todo: `\`npm run up -- ${world.stack} --refresh\` brings it back.` };
  }
  return { status: "ok", says: `version ${live.version} of ${name} is live` };
}

const short = (sha256: string) => sha256.slice(0, 12);

export const drift = link({
  name: "Drift",
  needs: ["deployed"],
  otherwise: ({ stack }) => `Look with \`npm run refresh -- ${stack}\`.`,
  async check(_facts, world) {
    if (world.drift) return lookForDrift(world);
    return { status: "skipped", says: "not looked for; `--drift` reads everything deployed (slow)" };
  },
});

/** Reads everything deployed, and changes nothing. */
export async function lookForDrift({ pulumi, stack }: Pick<World, "pulumi" | "stack">): Promise<Finding> {
  const args = ["refresh", "--preview-only", "--expect-no-changes", "--non-interactive", "--stack", stack];
  const { code, stdout, stderr } = await runPulumi(pulumi, args);
  if (code === 0) return { status: "ok", says: "everything deployed is as the state has it" };
  if (code !== changesExitCode) throw new Error(stderr.trim() || stdout.trim() || `${pulumi.name} ended with ${code}`);
  return {
    status: "failed",
    says: "something deployed was changed elsewhere",
    todo: `\`npm run refresh -- ${stack} --diff\` shows what, and takes it into the state; \`npm run up -- ${stack}\` then repairs it.`,
  };
}
