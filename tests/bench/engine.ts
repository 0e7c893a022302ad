import { execFile, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { parseDocument } from "yaml";
import { stackFile } from "../../deploy/local-settings.ts";
import { localEnvironment, localStack, programDir, root, toTarget } from "../../deploy/local-stack.ts";
import { startLocalCloud } from "../../deploy/local/cloud.ts";
import { median } from "./median.ts";

export interface EngineFigures {
  /** This project's program, unchanged: against the same program whose every registration is answered at once. */
  unchangedMs: number;
  unchangedRatio: number;
  /** The same by the command, against the Pulumi CLI's: only where there is one on the path. */
  unchangedCommandRatio?: number;
  /** 1,000 trivial dynamic resources, the same way. */
  thousandFloorMs: number;
  thousandCreateMs: number;
  thousandCreateRatio: number;
  thousandUnchangedMs: number;
  thousandUnchangedRatio: number;
  thousandDestroyMs: number;
  /** The engine's own process at its largest, over the three. */
  thousandMegabytes: number;
}

interface Project {
  projectDir: string;
  main: string;
  stack: string;
  config: Record<string, string>;
  env: NodeJS.ProcessEnv;
}

/** The variable as the command line's launcher sets it. */
const nodeOptions = ["--max-semi-space-size=8"];

type Kind = "up" | "destroy" | "floor";

async function measure(project: Project, kind: Kind): Promise<{ ms: number; megabytes: number }> {
  const { env, ...request } = project;
  const script = path.join(import.meta.dirname, "engine-run.ts");
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...nodeOptions, script, JSON.stringify({ kind, ...request })],
    {
      env,
    },
  );
  return JSON.parse(stdout) as { ms: number; megabytes: number };
}

export async function measureEngine(rounds = 5): Promise<EngineFigures> {
  return { ...(await measureOwnProgram(rounds)), ...(await measureThousand()) };
}

async function measureOwnProgram(rounds: number) {
  const dataDir = await mkdtemp(path.join(tmpdir(), "engine-bench-"));
  const cloud = await startLocalCloud({ dataDir, programDir, linePort: 0, gatewayPort: 0 });
  try {
    const config = { "line:apiUrl": cloud.line.url };
    const env = localEnvironment(toTarget(cloud));
    const project = { projectDir: root, main: programDir, stack: localStack, config, env };
    // The floor has no stack file to read: the program needs no more than this.
    const floor = { ...project, config: { ...config, ...floorConfig } };
    await measure(project, "up");
    const rows = [];
    for (let round = 0; round < rounds; round += 1) {
      rows.push({ up: (await measure(project, "up")).ms, floor: (await measure(floor, "floor")).ms });
    }
    return {
      unchangedMs: median(rows.map(({ up }) => up)),
      unchangedRatio: median(rows.map(({ up, floor }) => up / floor)),
      ...(hasCli && { unchangedCommandRatio: await compareCommands(dataDir, project, rounds) }),
    };
  } finally {
    await cloud.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const hasCli = spawnSync("pulumi", ["version"]).status === 0;

/** The whole command, started as anybody does, by the embedded engine and by the Pulumi CLI in turn. */
async function compareCommands(dataDir: string, { stack, config, env }: Project, rounds: number): Promise<number> {
  const settings = parseDocument(await readFile(stackFile(stack), "utf8"));
  for (const [key, value] of Object.entries(config)) settings.setIn(["config", key], value);
  const file = path.join(dataDir, `Pulumi.${stack}.yaml`);
  await writeFile(file, String(settings));
  const time = async (command: string) => {
    const startedAtMs = performance.now();
    const words = ["up", "--stack", stack, "--yes", "--skip-preview", "--non-interactive", "--config-file", file];
    await promisify(execFile)(command, words, { cwd: root, env });
    return performance.now() - startedAtMs;
  };
  const ratios = [];
  for (let round = 0; round < rounds; round += 1) {
    ratios.push((await time(path.join(root, "packages", "pulumi-engine", "bin", "pulumi"))) / (await time("pulumi")));
  }
  return median(ratios);
}

const floorConfig = {
  "aws:region": "ap-northeast-1",
  "aws:allowedAccountIds": '["000000000000"]',
  "line:credentialsSecret": "arn:aws:secretsmanager:ap-northeast-1:000000000000:secret:bench-AbCdEf",
};

const thousandResources = `
  import * as pulumi from "@pulumi/pulumi";
  const provider = { async create(inputs) { return { id: inputs.name, outs: inputs }; } };
  class Thing extends pulumi.dynamic.Resource {
    constructor(name) { super(provider, name, { name }); }
  }
  for (let n = 0; n < 1000; n += 1) new Thing("thing-" + n);
`;

async function measureThousand() {
  const projectDir = await mkdtemp(path.join(tmpdir(), "thousand-"));
  try {
    const state = path.join(projectDir, "state");
    await mkdir(state);
    await writeFile(
      path.join(projectDir, "Pulumi.yaml"),
      "name: bench\nmain: index.ts\nruntime: { name: nodejs, options: { typescript: false } }\n",
    );
    await writeFile(path.join(projectDir, "package.json"), '{ "type": "module" }');
    await writeFile(path.join(projectDir, "index.ts"), thousandResources);
    await symlink(path.join(root, "node_modules"), path.join(projectDir, "node_modules"));
    const env = { ...process.env, PULUMI_BACKEND_URL: `file://${state}`, PULUMI_CONFIG_PASSPHRASE: "bench" };
    const project = { projectDir, main: projectDir, stack: "bench", config: {}, env };
    const floor = await measure(project, "floor");
    const create = await measure(project, "up");
    const unchanged = await measure(project, "up");
    const destroy = await measure(project, "destroy");
    return {
      thousandFloorMs: floor.ms,
      thousandCreateMs: create.ms,
      thousandCreateRatio: create.ms / floor.ms,
      thousandUnchangedMs: unchanged.ms,
      thousandUnchangedRatio: unchanged.ms / floor.ms,
      thousandDestroyMs: destroy.ms,
      thousandMegabytes: Math.max(create.megabytes, unchanged.megabytes, destroy.megabytes),
    };
  } finally {
    await rm(projectDir, { recursive: true, force: true });
  }
}
