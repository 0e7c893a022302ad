/** What has to hold for every workflow, no matter who edits it: rights, pins, and nothing of a stranger's in a command. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { artifactName } from "../deploy/ci/report-file.ts";

const root = path.dirname(import.meta.dirname);
const github = path.join(root, ".github");

interface Step {
  id?: string;
  "working-directory"?: string;
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}
interface Job {
  if?: string;
  environment?: string;
  permissions?: Record<string, string>;
  "timeout-minutes"?: number;
  concurrency?: Concurrency;
  env?: Record<string, string>;
  needs?: string;
  steps: Step[];
}
interface Concurrency {
  group: string;
  "cancel-in-progress": boolean | string;
}
interface Workflow {
  name: string;
  on: Record<string, { branches?: string[]; paths?: string[]; workflows?: string[] } | null>;
  permissions: unknown;
  concurrency?: Concurrency;
  env?: Record<string, string>;
  jobs: Record<string, Job>;
}

const read = (file: string): string => readFileSync(path.join(github, file), "utf8");
const files = readdirSync(path.join(github, "workflows"));
const workflows = new Map(files.map((file) => [file, parse(read(`workflows/${file}`)) as Workflow]));
const composite = parse(read("actions/stack/action.yml")) as { runs: { steps: Step[] } };

const jobs = [...workflows].flatMap(([file, { jobs: all }]) =>
  Object.entries(all).map(([name, job]) => ({ file, name, job })),
);
const steps = [
  ...jobs.flatMap(({ file, name, job }) => job.steps.map((step) => ({ where: `${file}: ${name}`, step }))),
  ...composite.runs.steps.map((step) => ({ where: "actions/stack", step })),
];

function find(file: string): Workflow {
  const found = workflows.get(file);
  if (found === undefined) throw new Error(`No workflow ${file}`);
  return found;
}
const jobOf = (file: string, name: string): Job => find(file).jobs[name] ?? { steps: [] };

test("the workflows are those that the guide tells of", () => {
  expect(files.toSorted()).toEqual([
    "checks.yml",
    "deploy-dev.yml",
    "deploy-prod.yml",
    "drift.yml",
    "infrastructure-comment.yml",
    "infrastructure-diff.yml",
  ]);
});

describe.each([...workflows])("%s", (file, workflow) => {
  test("gives no rights but to a job", () => {
    expect(workflow.permissions).toEqual({});
    for (const { permissions } of Object.values(workflow.jobs)) expect(permissions).toBeInstanceOf(Object);
  });

  test("does not run a pull request's code with rights", () => {
    expect(Object.keys(workflow.on)).not.toContain("pull_request_target");
    if (!("pull_request" in workflow.on)) return;
    const text = read(`workflows/${file}`);
    for (const job of Object.values(workflow.jobs)) expect(job.permissions).toEqual({ contents: "read" });
    expect(text).not.toMatch(/\b(secrets|vars)\b|github\.token|id-token|environment:/);
  });

  test("ends, and runs one at a time", () => {
    const { concurrency } = workflow;
    for (const job of Object.values(workflow.jobs)) {
      expect(job["timeout-minutes"]).toBeLessThanOrEqual(30);
      expect(concurrency ?? job.concurrency).toBeDefined();
    }
  });
});

test("every action is pinned by its commit, with the version that this is", () => {
  const lines = [...files.map((file) => `workflows/${file}`), "actions/stack/action.yml"].flatMap((file) =>
    read(file)
      .split("\n")
      .filter((line) => line.includes("uses:")),
  );

  expect(lines.length).toBeGreaterThan(10);
  const loose = lines.filter(
    (line) => !/uses: ([\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\$\/\.github\/actions\/stack)$/.test(line),
  );
  expect(loose).toEqual([]);
  // One version of each.
  const pins = new Set(lines.map((line) => line.replace(/^[\s-]*uses: /, "")));
  expect(pins.size).toBe(new Set([...pins].map((pin) => pin.split("@")[0])).size);
});

test("no command has an expression in it: what comes from outside comes by the environment", () => {
  const commands = steps.filter(({ step }) => step.run !== undefined);

  expect(commands.length).toBeGreaterThan(6);
  expect(commands.filter(({ step }) => step.run?.includes("${{"))).toEqual([]);
});

test("nothing that a stranger may write is in the environment of a command either", () => {
  const environments = [...workflows.values()].flatMap(({ env, jobs: all }) => [
    env,
    ...Object.values(all).flatMap((job) => [job.env, ...job.steps.map((step) => step.env)]),
  ]);
  const values = environments.flatMap((env) => Object.values(env ?? {}));

  expect(values.filter((value) => /github\.(event|head_ref|actor)/.test(value))).toEqual([]);
});

test("commands are the project's own: there is no logic in a workflow", () => {
  const commands = steps.flatMap(({ step }) => step.run ?? []);
  const own =
    /^(npm (test|run [\w-]+( -- [\w-]+( --[\w-]+( "\$[A-Z]+"| packages\/policy)?)*)?)|node deploy\/run\.cjs deploy\/ci\/[\w-]+\.ts( [\w-]+)?)$/;

  expect(commands.filter((command) => !own.test(command))).toEqual([]);
});

test("scripts and commands that are called are there", () => {
  const { scripts } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { scripts: object };
  const commands = steps.flatMap(({ step }) => step.run ?? []);
  const called = commands.flatMap((command) => /^npm (?:run )?([\w-]+)/.exec(command)?.[1] ?? []);
  const ran = commands.flatMap((command) => /^node deploy\/run\.cjs (\S+)/.exec(command)?.[1] ?? []);

  expect(called.length + ran.length).toBe(commands.length);
  expect(called.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  expect(ran.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
});

test("no checkout leaves its token in the clone", () => {
  const checkouts = steps.filter(({ step }) => step.uses?.startsWith("actions/checkout@"));

  expect(checkouts).toHaveLength(jobs.length);
  expect(checkouts.filter(({ step }) => step.with?.["persist-credentials"] !== false)).toEqual([]);
  // The default: the commit that the event is about, and of a foreign one's event the default branch.
  expect(checkouts.filter(({ step }) => step.with?.["ref"] !== undefined)).toEqual([]);
});

test("no cache that a pull request could fill reaches a deployment", () => {
  const nodes = steps.filter(({ step }) => step.uses?.startsWith("actions/setup-node@"));

  expect(nodes.length).toBeGreaterThan(3);
  expect(nodes.filter(({ step }) => step.with?.["package-manager-cache"] !== false)).toEqual([]);
  expect(steps.filter(({ step }) => step.uses?.startsWith("actions/cache"))).toEqual([]);
});

test("there are no long-lived keys: a job takes a role, or has nothing", () => {
  const text = files.map((file) => read(`workflows/${file}`)).join("\n") + read("actions/stack/action.yml");

  expect(text).not.toMatch(/secrets\.|secrets:|access-key/);
  for (const { job } of jobs) {
    const reaches = job.steps.some(({ uses }) => uses === "$/.github/actions/stack");
    expect(job.permissions?.["id-token"]).toBe(reaches ? "write" : undefined);
  }
});

test("the Pulumi CLI is of the SDK's version", () => {
  const { devDependencies } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
    devDependencies: Record<string, string>;
  };
  const install = composite.runs.steps.find(({ uses }) => uses?.startsWith("pulumi/actions@"));

  expect(install?.with).toEqual({ "pulumi-version": devDependencies["@pulumi/pulumi"] });
});

describe("the report on a pull request", () => {
  test("is brought by another workflow, which may comment and read what was left", () => {
    const { on } = find("infrastructure-comment.yml");

    expect(on).toEqual({
      workflow_run: { workflows: [find("infrastructure-diff.yml").name], types: ["completed"] },
    });
    expect(jobOf("infrastructure-comment.yml", "comment").permissions).toEqual({
      actions: "read",
      contents: "read",
      "pull-requests": "write",
    });
  });

  test("is compared with what it is merged into, and left where the other workflow looks for it", () => {
    const { steps: all } = jobOf("infrastructure-diff.yml", "report");
    const [checkout] = all;
    const upload = all.find(({ uses }) => uses?.startsWith("actions/upload-artifact@"));

    expect(checkout?.with?.["fetch-depth"]).toBe(2);
    expect(upload?.with).toMatchObject({ name: artifactName, path: `\${{ runner.temp }}/${artifactName}` });
  });
});

describe("deployments", () => {
  test.each(["dev", "prod"])("to %s are one after the other, in its environment, from main", (stack) => {
    const { on, concurrency, jobs: all } = find(`deploy-${stack}.yml`);

    expect(on["push"]?.branches).toEqual(["main"]);
    expect(concurrency).toEqual({ group: `deploy-${stack}`, "cancel-in-progress": false });
    const { environment, permissions } = all["deploy"] ?? {};
    expect(environment).toBe(stack);
    expect(permissions).toEqual({ contents: "read", "id-token": "write" });
  });

  test("to prod follow the merged pin, and deploy the plan that its approver saw", () => {
    const { on, jobs: all } = find("deploy-prod.yml");
    const { proven, plan, deploy } = all;

    expect(on).toEqual({ push: { branches: ["main"], paths: ["Pulumi.prod.yaml"] } });
    // Approved is what the plan shows: it must not need an approval itself, nor the right to write.
    expect(plan?.environment).toBeUndefined();
    expect(plan?.steps.find(({ uses }) => uses === "$/.github/actions/stack")?.with?.["role"]).toBe(
      "${{ vars.PROD_PREVIEW_ROLE }}",
    );
    expect(proven?.steps.find(({ uses }) => uses === "$/.github/actions/stack")?.with?.["role"]).toBe(
      "${{ vars.DEV_PREVIEW_ROLE }}",
    );
    expect(proven?.steps.at(-1)).toEqual({ id: "proven", run: "node deploy/run.cjs deploy/ci/proven.ts dev" });
    expect(plan?.needs).toBe("proven");
    expect(plan?.steps.find(({ run }) => run !== undefined)).toEqual({
      run: "node deploy/run.cjs deploy/ci/evidence.ts prod",
      env: { PROVEN: "${{ needs.proven.outputs.proven }}" },
    });
    expect(deploy?.needs).toBe("plan");
    expect(deploy?.env?.["FINGERPRINT"]).toBe("${{ needs.plan.outputs.fingerprint }}");
    expect(deploy?.steps.map(({ run }) => run)).toContain(
      'npm run up -- prod --yes --policy-pack packages/policy --expect "$FINGERPRINT"',
    );
  });

  test.each(["plan", "deploy"])("to prod %s from the sources that the pin names", (name) => {
    const { steps: all } = jobOf("deploy-prod.yml", name);
    const commands = all.filter(({ run }) => run !== undefined && !run.includes("deploy/ci/evidence.ts"));
    const [pinned, ...others] = commands;

    expect(all[0]?.with?.["fetch-depth"]).toBe(0);
    expect(pinned).toEqual({ id: "pinned", run: "node deploy/run.cjs deploy/ci/pinned.ts prod" });
    expect(others.length).toBeGreaterThan(0);
    for (const each of others) expect(each["working-directory"]).toBe("${{ steps.pinned.outputs.folder }}");
  });

  test.each(["dev", "prod"])("to %s are stopped by the security controls, before anybody approves", (stack) => {
    const commands = Object.values(find(`deploy-${stack}.yml`).jobs).flatMap(({ steps: all }) =>
      all.flatMap(({ run }) => run ?? []),
    );
    const pulumi = commands.filter((command) => /^npm run (preview|up) /.test(command));

    expect(pulumi).toHaveLength(stack === "prod" ? 2 : 1);
    expect(pulumi.filter((command) => !command.includes(" --policy-pack packages/policy"))).toEqual([]);
    expect(existsSync(path.join(root, "packages/policy/PulumiPolicy.yaml"))).toBe(true);
  });

  test.each(["dev", "prod"])("of %s wait until somebody has made an account for it", (stack) => {
    const first = Object.values(find(`deploy-${stack}.yml`).jobs)[0];

    expect(first?.if).toBe(`vars.${stack.toUpperCase()}_DEPLOY_ROLE != ''`);
  });
});

test("drift is looked for every day, by roles that can only read", () => {
  const { on, jobs: all } = find("drift.yml");

  expect(Object.keys(on)).toEqual(["schedule", "workflow_dispatch"]);
  expect(Object.keys(all)).toEqual(["dev", "prod"]);
  for (const [stack, { permissions, steps: each }] of Object.entries(all)) {
    expect(permissions).toEqual({ contents: "read", "id-token": "write", issues: "write" });
    const role = each.find(({ uses }) => uses === "$/.github/actions/stack")?.with?.["role"];
    expect(role).toBe(`\${{ vars.${stack.toUpperCase()}_PREVIEW_ROLE }}`);
  }
});
