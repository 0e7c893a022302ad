/** Real programs of real commits, run by the engine. */
import { mkdtemp, readdir, readFile, rm, watch } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { compareCommits } from "../compare-commits.ts";
import { renderMarkdown } from "../markdown/report.ts";
import type { Report } from "../model.ts";
import { createRepository, project, type Repository } from "./support/repository.ts";

let repository: Repository;
beforeAll(async () => {
  repository = await createRepository(project);
});
afterAll(() => repository[Symbol.asyncDispose]());

/** What a change of these files on a branch of their own is reported as. */
async function reportOf(branch: string, files: Record<string, string>): Promise<Report> {
  await repository.git("checkout", "--quiet", "-B", branch, "main");
  await repository.write(files);
  await repository.commit(branch);
  return compareCommits({ repository: repository.path, base: "main", head: branch, stacks: [] });
}

const file = (name: string): string => project[name] ?? "";
const edited = (name: string, from: string, to: string): Record<string, string> => {
  if (!file(name).includes(from)) throw new Error(`${name} has no ${from}`);
  return { [name]: file(name).replace(from, to) };
};

const kindsOf = ({ stacks }: Report): Record<string, string> =>
  Object.fromEntries(
    stacks.flatMap(({ changes }) => changes.map(({ type, name, kind }) => [`${type.split(":").at(-1)} ${name}`, kind])),
  );

describe("a change between two commits", () => {
  it("of a comment alters nothing that is deployed, in one line", async () => {
    const report = await reportOf("comment", edited("infra/index.ts", "const config", "// Settings.\nconst config"));

    expect(report.stacks.map(({ status }) => status)).toEqual(["unchanged"]);
    expect(renderMarkdown(report)).toContain(
      "Nothing that is deployed changes (`dev`): 1 file changes, and no bundle does.",
    );
    expect(report.labels).toEqual([]);
  });

  it("of code shows the bundle's size and no digest, the same whenever it is compared", async () => {
    const report = await reportOf("code", edited("functions/handler.js", "200", "200 + 1 - 1"));
    const again = await compareCommits({ repository: repository.path, base: "main", head: "code", stacks: [] });

    expect(kindsOf(report)).toEqual({ "Function receiver": "update" });
    expect(report.labels).toEqual(["update", "code"]);
    expect(report.code?.artifacts).toMatchObject([
      { name: "handler.zip", former: { unpacked: 34 }, now: { unpacked: 42 } },
    ]);
    expect(renderMarkdown(report)).not.toMatch(/[0-9a-f]{64}/);
    expect(JSON.stringify(again)).toBe(JSON.stringify(report));
  });

  it("of settings is a change of what they are used for; of a secret, it says which one and never what", async () => {
    const other = "b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcg";
    const settings = edited("Pulumi.dev.yaml", "memory: 256", "memory: 512")["Pulumi.dev.yaml"] ?? "";
    const report = await reportOf("settings", {
      "Pulumi.dev.yaml": settings.replace("cGFzc3dvcmRwYXNzd29yZHBhc3N3b3Jk", other),
    });

    expect(renderMarkdown(report)).toContain("The function `receiver` gets `512` MB of memory (was `256` MB).");
    const [dev] = report.stacks;
    const change = { kind: "change", secret: true, replaces: false };
    expect(dev?.settings).toContainEqual({ path: "small:password", ...change });
    expect(dev?.changes[0]?.properties).toContainEqual({ path: "environment.variables.PASSWORD", ...change });
    expect(JSON.stringify(report)).not.toContain(other.slice(0, 12));
  });

  it("of a resource with a hook does not run the hook, which may call anyone", async () => {
    const hook = 'new pulumi.ResourceHook("ask", () => { throw new Error("asked"); })';
    const hooked = `new aws.sqs.Queue("asked", {}, { hooks: { beforeCreate: [${hook}] } });`;
    const index = `import * as pulumi from "@pulumi/pulumi";\n${file("infra/index.ts").replace('import * as pulumi from "@pulumi/pulumi";\n', "")}`;
    const report = await reportOf("hook", { "infra/index.ts": `${index}\n${hooked}\n` });

    expect(report.stacks.map(({ status }) => status)).toEqual(["changed"]);
    expect(kindsOf(report)).toEqual({ "Queue asked": "create" });
  });

  it("of the program is deployed over what the base's own program had deployed", async () => {
    const report = await reportOf(
      "program",
      edited(
        "infra/index.ts",
        'new aws.sqs.Queue("events")',
        'new aws.sqs.Queue("events", { fifoQueue: true, name: "events.fifo" })',
      ),
    );

    expect(kindsOf(report)).toEqual({ "Queue events": "replace", "Function receiver": "update" });
    expect(report.stacks[0]?.changes.find(({ kind }) => kind === "replace")?.reasons).toEqual([
      { path: "fifoQueue" },
      { path: "name" },
    ]);
  });

  it("that cannot be deployed says why, and nothing of where it was tried", async () => {
    const report = await reportOf(
      "broken",
      edited("infra/index.ts", "const config", "throw new Error('not yet');\nconst config"),
    );

    expect(report.labels).toEqual(["broken"]);
    const text = renderMarkdown(report);
    expect(text).toContain("`dev` cannot be deployed");
    expect(text).toMatch(/Error: not yet\n    at infra\/index\.ts:6:7\n```/);
    expect(text).not.toContain("line-bot-diff-");
  });

  it("that Node cannot read is reported with the place, and once for all stacks", async () => {
    const { "Pulumi.dev.yaml": settings = "" } = project;
    const report = await reportOf("unreadable", {
      ...edited("infra/index.ts", "const config =", "const config = 1 2"),
      "Pulumi.prod.yaml": settings,
    });

    const text = renderMarkdown(report);
    expect(text).toContain("`dev`, `prod` cannot be deployed:");
    expect(text.match(/infra\/index\.ts:6\s+const config = 1 2/g)).toHaveLength(1);
  });

  it("leaves out what has come to the base since", async () => {
    await repository.git("checkout", "--quiet", "-B", "feature", "main");
    await repository.write(edited("Pulumi.dev.yaml", "memory: 256", "memory: 1024"));
    await repository.commit("On the branch");
    await repository.git("checkout", "--quiet", "-B", "moved-on", "main");
    await repository.write(edited("functions/handler.js", "200", "204"));
    await repository.commit("Meanwhile");

    const report = await compareCommits({ repository: repository.path, base: "moved-on", head: "feature", stacks: [] });

    expect(report.code?.files.map(({ path }) => path)).toEqual(["Pulumi.dev.yaml"]);
    expect(report.labels).toEqual(["update", "limits"]);
  });
});

describe("the working tree", () => {
  it("counts as it is, with a stack that no commit has, and gets nothing of the environment's secrets", async () => {
    vi.stubEnv("LINE_CHANNEL_SECRET", "canary-of-the-environment");
    await repository.git("checkout", "--quiet", "-B", "tree", "main");
    await repository.write({ "Pulumi.prod.yaml": file("Pulumi.dev.yaml"), "functions/new.js": "// new\n" });

    const report = await compareCommits({ repository: repository.path, base: "main", head: undefined, stacks: [] });

    await repository.git("clean", "--quiet", "--force");
    expect(report.stacks.map(({ stack, status }) => [stack, status])).toEqual([
      ["dev", "unchanged"],
      ["prod", "new"],
    ]);
    expect(report.code?.files.map(({ path }) => path)).toEqual(["Pulumi.prod.yaml", "functions/new.js"]);
    expect(report.stacks[1]?.outputs.find(({ path }) => path === "environment")?.now).toBe("none");
    expect(JSON.stringify(report)).not.toContain("canary");
  });
});

describe("a comparison that is stopped", () => {
  it("ends the program that it waits for, and leaves nothing behind", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "diff-test-stopped-"));
    vi.stubEnv("TMPDIR", folder);
    const endless = `import { renameSync, writeFileSync } from "node:fs";
const file = process.env["TMPDIR"] + "/started";
writeFileSync(file + ".new", String(process.pid));
renameSync(file + ".new", file);
await new Promise(() => setInterval(() => {}, 1000));`;
    await repository.git("checkout", "--quiet", "-B", "endless", "main");
    await repository.write({ "infra/index.ts": endless });
    await repository.commit("Endless");
    const stopping = new AbortController();
    const changes = watch(folder);

    const options = { repository: repository.path, base: "endless", head: "endless", stacks: [] };
    const compared = compareCommits({ ...options, signal: stopping.signal });
    for await (const { filename } of changes) if (filename === "started") break;
    stopping.abort(new Error("stopped"));

    await expect(compared).rejects.toThrow("stopped");
    expect((await readdir(folder)).filter((name) => name.startsWith("line-bot-diff-"))).toEqual([]);
    const pid = Number(await readFile(path.join(folder, "started"), "utf8"));
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });
});

describe("what cannot be compared", () => {
  it.each(["nowhere", "--output=x"])("is a commit that is not there: %s", async (base) => {
    const options = { repository: repository.path, base, head: undefined, stacks: [] };
    await expect(compareCommits(options)).rejects.toThrow(`"${base}" is no commit of this repository`);
  });

  it("is a stack that has no settings on either side", async () => {
    const options = { repository: repository.path, base: "main", head: "main", stacks: ["test"] };
    await expect(compareCommits(options)).rejects.toThrow("There is no Pulumi.test.yaml on either side");
  });
});
