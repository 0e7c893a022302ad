import { existsSync } from "node:fs";
import { cp, mkdir, readFile, readdir, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { createProjectFolder, thingClass } from "../program.ts";
import { createTempFolder } from "../support.ts";
import { createWithStack, printed, pulumi, run, start } from "./command.ts";

describe("the command", () => {
  it.each([
    [["frobnicate"], 'unknown command "frobnicate" for "pulumi"'],
    [["stack", "graph"], 'unknown command "graph" for "pulumi stack"'],
    [["up", "--policy-pack", "x", "--yes"], "unknown flag: --policy-pack"],
    [["preview", "--save-plan=x"], "unknown flag: --save-plan"],
    [["stack", "ls", "-x"], "unknown flag: -x"],
    [["up", "--parallel"], "--parallel"],
    [["up", "--yes=maybe"], "--yes: it is true or false"],
    [["up", "--no-refresh"], "unknown flag: --no-refresh"],
    [["config", "get"], "needs 1 argument(s)"],
    [["whoami", "again"], "takes 0 argument(s)"],
    [["stack", "tag"], "name a command: get, set, rm, ls"],
    [[], "name a command"],
  ])("names what it does not have or understand: %j", async (args, message) => {
    await using folder = await createProjectFolder();

    const { code, stderr } = await run(folder, args);

    expect(stderr).toMatch(/^error: /);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });

  it.each([
    [["preview", "-s", "none"], 6, "no stack named 'none' found"],
    [["stack", "select", "none"], 6, "no stack named 'none' found"],
    [["up", "-s", "dev"], 2, "--yes or --skip-preview or --preview-only must be passed"],
    [["stack", "rm", "dev"], 1, "non-interactive mode requires --yes flag"],
    [["stack", "init"], 1, "missing stack name"],
    [["stack", "init", "organization/other/dev"], 1, `provided project name "other" doesn't match Pulumi.yaml`],
    [["config", "set-all", "--json", "no"], 1, "could not parse --json argument: it is not JSON"],
    [["config", "set-all", "--json", '{"a":{"value":5}}'], 1, "could not parse --json argument: a.value"],
    [["stack", "history", "--page", "x"], 1, '--page takes a number, not "x"'],
    [["stack", "init", "dev"], 1, "stack 'organization/shop/dev' already exists"],
    [["up", "--parallel", "many", "--yes"], 1, '--parallel takes a number, not "many"'],
    [["stack", "init", "a b"], 1, "is not a stack's name"],
    [["stack", "init", "acme/dev"], 1, "organization name must be 'organization'"],
    [["stack", "init", "new", "--secrets-provider", "awskms://x?secret=y"], 1, "not awskms\n"],
    [["stack", "output", "none"], 1, "does not have output property 'none'"],
    [["config", "get", "none"], 1, "configuration key 'none' not found for stack 'dev'"],
    [["config", "set", "a:b:c", "x"], 1, "could not parse a:b:c"],
    [["config", "set", "token", "1415fc1f4eaeb5e096ee58c1480016638fff29bf"], 1, "looks like a secret"],
    [["stack", "tag", "get", "none"], 1, "stack tag 'none' not found"],
  ])("fails %j with code %d: %s", async (args, expected, message) => {
    await using folder = await createWithStack();

    const { code, stderr } = await run(folder, args);

    expect(stderr).toContain(message);
    expect(code).toBe(expected);
  });

  it("selects a new stack unless it is told not to", async () => {
    await using folder = await createWithStack();
    const selected = async () => (await run(folder, ["stack", "--show-name"])).stdout;

    await run(folder, ["stack", "init", "second", "--no-select"]);
    const before = await selected();
    await run(folder, ["stack", "init", "third", "--no-select=false"]);

    expect(before).toBe("dev\n");
    expect(await selected()).toBe("third\n");
  });

  it("says what to do where no stack is selected", async () => {
    await using folder = await createProjectFolder();

    const { stderr, code } = await run(folder, ["stack"]);

    expect(stderr).toContain("no stack selected; please use `pulumi stack select`");
    expect(code).toBe(1);
  });

  it("says which variable names the backend where there is none", async () => {
    await using folder = await createProjectFolder();

    const { stderr, code } = await run(folder, ["whoami"], { env: { PULUMI_BACKEND_URL: "" } });

    expect(stderr).toContain("set PULUMI_BACKEND_URL to file://<folder>");
    expect(code).toBe(1);
  });

  it("prints a version that clients can compare", async () => {
    await using folder = await createProjectFolder();

    expect((await run(folder, ["version"])).stdout).toMatch(/^v3\.\d+\.\d+\n$/);
  });

  it("works from another folder, through a link, and in a folder whose name has blanks", async () => {
    await using folder = await createWithStack();
    await using elsewhere = await createTempFolder();
    const link = join(elsewhere.path, "a b");
    await symlink(pulumi, link);

    const { stdout, code } = await run(folder, ["-C", folder.path, "stack", "--show-name"], {
      command: link,
      env: { PWD: elsewhere.path },
    });

    expect(stdout).toBe("dev\n");
    expect(code).toBe(0);
  });

  it("says what is missing where the packages are not installed", async () => {
    await using folder = await createProjectFolder();
    await using elsewhere = await createTempFolder();
    const copy = join(elsewhere.path, "packages", "pulumi-engine", "bin", "pulumi");
    await mkdir(dirname(copy), { recursive: true });
    await cp(pulumi, copy);

    const { stderr, code } = await run(folder, ["version"], { command: copy });

    expect(stderr).toContain("run `npm install`");
    expect(code).toBe(1);
  });

  it("keeps settings, plain and secret, at a path and from the standard input", async () => {
    await using folder = await createWithStack();
    await run(folder, ["config", "set", "size", "--", "-3"]);
    await run(folder, ["config", "set", "--secret", "password"], { input: "hunter2\n" });
    await run(folder, ["config", "set", "--path", "deep.list[0].n", "7"]);
    await run(folder, ["config", "set", "--path", "deep.key", "k", "--secret"]);
    await run(folder, ["config", "set", "count", "3", "--type", "int"]);
    await run(folder, ["config", "set", "aws:region", "eu-west-1"]);

    const listed = JSON.parse((await run(folder, ["config", "--json"])).stdout);
    const shown = JSON.parse((await run(folder, ["config", "--json", "--show-secrets"])).stdout);
    const file = await readFile(join(folder.path, "Pulumi.dev.yaml"), "utf8");

    expect(listed).toEqual({
      "aws:region": { value: "eu-west-1", secret: false },
      "shop:count": { value: "3", secret: false },
      "shop:deep": { secret: true },
      "shop:password": { secret: true },
      "shop:size": { value: "-3", secret: false },
    });
    expect(shown["shop:password"]).toEqual({ value: "hunter2", secret: true });
    expect(shown["shop:deep"].objectValue).toEqual({ list: [{ n: 7 }], key: "k" });
    expect(file).not.toContain("hunter2");
    expect((await run(folder, ["config", "get", "--path", "deep.list[0].n"])).stdout).toBe("7\n");
    expect((await run(folder, ["config", "get", "password"])).stdout).toBe("hunter2\n");
    await run(folder, ["config", "rm", "--path", "deep.list"]);
    expect((await run(folder, ["config", "get", "deep"])).stdout).toBe('{"key":"k"}\n');
    const shownList = (await run(folder, ["config"])).stdout;
    expect(shownList).toContain("password    [secret]\n");
    expect(shownList).toContain('deep        {"key":"[secret]"}\n');
  });

  it("writes a salt where something is encrypted with it, and not before", async () => {
    await using folder = await createWithStack();
    const file = join(folder.path, "Pulumi.dev.yaml");
    await rm(file);

    await run(folder, ["config", "set", "size", "3"]);
    const plain = await readFile(file, "utf8");
    await run(folder, ["config", "set", "--secret", "password", "hunter2"]);

    expect(plain).toBe('config:\n  shop:size: "3"\n');
    expect(await readFile(file, "utf8")).toMatch(/^encryptionsalt: v1:/m);
    expect((await run(folder, ["config", "get", "password"])).stdout).toBe("hunter2\n");
  });

  it("shows a stack as a tree, and when it was last updated", { timeout: 300_000 }, async () => {
    await using folder = await createWithStack(`${thingClass}
      const group = new pulumi.ComponentResource("test:index:Group", "group");
      const a = new Thing("a", {}, { parent: group });
      export const nested = { list: [1, null], key: pulumi.secret("hunter2") };
    `);
    const empty = (await run(folder, ["stack"])).stdout;
    const up = await run(folder, ["up", "--yes", "--skip-preview", "--json"]);

    const { stdout } = await run(folder, ["stack"]);

    expect(empty).toContain("Current stack resources (0):\n    No resources currently in this stack\n");
    expect(stdout).toMatch(/Last updated: (now|\d+ seconds? ago) \(/);
    expect(stdout).toContain(
      [
        "Current stack resources (4):",
        "    TYPE                                  NAME",
        "    pulumi:pulumi:Stack                   shop-dev",
        "    ├─ test:index:Group                   group",
        "    │  └─ pulumi-nodejs:dynamic:Resource  a",
        "    └─ pulumi:providers:pulumi-nodejs     default",
        "",
        "Current stack outputs (1):",
        "    OUTPUT  VALUE",
        '    nested  {"key":"[secret]","list":[1,null]}',
      ].join("\n"),
    );
    // The provider that nobody asked for is in the event log alone.
    expect(up.stdout).not.toContain('Event":{"metadata":{"op":"create","urn":"urn:pulumi:dev::shop::pulumi:providers:');
    expect(up.stdout).toContain('"PolicyPacks":{}');
  });

  it("previews as JSON with whole states, as a checkpoint has them", { timeout: 300_000 }, async () => {
    await using folder = await createWithStack(`${thingClass}
      const a = new Thing("a", { key: pulumi.secret("hunter2") }, { customTimeouts: { create: "5m", read: "20s" }, hideDiffs: ["tags.a-b"], protect: true });
      new Thing("b", { of: a.address, deep: [{ key: pulumi.secret("hunter2") }] }, { dependsOn: a, ignoreChanges: ["of"] });
      export const address = a.address;
    `);
    const urnOf = (name: string) => `urn:pulumi:dev::shop::pulumi-nodejs:dynamic:Resource::${name}`;

    const { stdout } = await run(folder, ["preview", "--json"]);
    const { steps } = JSON.parse(stdout);
    await run(folder, ["up", "--yes", "--skip-preview"]);
    const later = JSON.parse((await run(folder, ["preview", "--json", "--suppress-outputs"])).stdout);

    expect(stdout).not.toContain("hunter2");
    expect(steps[1].newState).toMatchObject({
      urn: urnOf("a"),
      custom: true,
      protect: true,
      inputs: { name: "a", key: "[secret]" },
      customTimeouts: { create: 300, read: 20 },
      hideDiff: ['tags["a-b"]'],
      parent: expect.stringContaining("pulumi:pulumi:Stack"),
    });
    expect(steps[2].newState).toMatchObject({
      dependencies: [urnOf("a")],
      propertyDependencies: { of: [urnOf("a")] },
      ignoreChanges: ["of"],
    });
    expect(steps[0].newState).not.toHaveProperty("dependencies");
    // The stack stays as it is; its outputs are suppressed.
    expect(later.steps).toMatchObject([{ op: "same", oldState: { custom: false, created: expect.any(String) } }]);
    expect(later.steps[0].newState).not.toHaveProperty("outputs");
  });

  it("previews as JSON, updates, prints outputs, and destroys", { timeout: 300_000 }, async () => {
    await using folder = await createWithStack(`${thingClass}
      const a = new Thing("a", { key: pulumi.secret("hunter2") });
      new Thing("b", { of: a.address });
      export const address = a.address;
      export const nested = { open: 1, key: pulumi.secret("hunter2") };
    `);

    const previewed = JSON.parse((await run(folder, ["preview", "--json"])).stdout);
    const up = await run(folder, ["up", "--yes"]);
    const outputs = JSON.parse((await run(folder, ["stack", "output", "--json"])).stdout);
    const one = await run(folder, ["stack", "output", "address"]);
    const revealed = JSON.parse((await run(folder, ["stack", "output", "--json", "--show-secrets"])).stdout);
    const kept = await run(folder, ["stack", "rm", "dev", "--yes"]);
    const destroyed = await run(folder, ["destroy", "--yes", "--skip-preview"]);
    const removed = await run(folder, ["stack", "rm", "dev", "--yes"]);

    expect(previewed).toMatchObject({
      changeSummary: { create: 3 },
      steps: [{ op: "create" }, { newState: { inputs: { key: "[secret]" } } }, {}],
    });
    expect(up.stdout).toMatch(/Previewing update \(dev\):[^]*3 to create[^]*Updating \(dev\):[^]*3 created/);
    expect(up.stdout + up.stderr).not.toContain("hunter2");
    expect(outputs).toEqual({ address: "thing://a", nested: { open: 1, key: "[secret]" } });
    expect(one.stdout).toBe("thing://a\n");
    expect(revealed.nested).toEqual({ open: 1, key: "hunter2" });
    expect(kept).toMatchObject({ code: 1, stderr: expect.stringContaining("'dev' still has resources") });
    expect(destroyed.code).toBe(0);
    expect(await readdir(folder.world)).toEqual([]);
    expect(removed.code).toBe(0);
    expect(existsSync(join(folder.path, "Pulumi.dev.yaml"))).toBe(false);
  });

  it("keeps plaintexts of an imported state out of the file", { timeout: 300_000 }, async () => {
    await using folder = await createWithStack(`${thingClass} new Thing("a", { key: pulumi.secret("hunter2") });`);
    await run(folder, ["up", "--yes", "--skip-preview"]);
    const exported = (await run(folder, ["stack", "export", "--show-secrets"])).stdout;

    const imported = await run(folder, ["stack", "import"], { input: exported });
    const unchanged = await run(folder, ["up", "--yes", "--skip-preview", "--expect-no-changes"]);

    expect(exported).toContain("hunter2");
    expect(imported.stdout).toBe("Import complete.\n");
    const state = join(folder.path, "..", "state", ".pulumi", "stacks", "shop", "dev.json");
    expect(await readFile(state, "utf8")).not.toContain("hunter2");
    expect(unchanged.code).toBe(0);
  });

  it("refuses to import what belongs to another stack", async () => {
    await using folder = await createWithStack();
    const other = {
      version: 3,
      deployment: {
        manifest: { time: "", magic: "", version: "" },
        resources: [
          { urn: "urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod", custom: false, type: "pulumi:pulumi:Stack" },
        ],
      },
    };

    const { code, stderr } = await run(folder, ["stack", "import"], { input: JSON.stringify(other) });

    expect(stderr).toContain("belongs to another stack");
    expect(code).toBe(1);
  });

  it("ends with a code of its own when changes come that were not expected", { timeout: 300_000 }, async () => {
    await using folder = await createWithStack(`${thingClass} new Thing("a");`);

    const { code, stderr } = await run(folder, ["preview", "--expect-no-changes"]);

    expect(code).toBe(7);
    expect(stderr).toContain("no changes were expected");
  });

  it("works with the wrong passphrase only where none is needed", async () => {
    await using folder = await createWithStack();
    const env = { PULUMI_CONFIG_PASSPHRASE: "wrong" };

    expect((await run(folder, ["stack", "export"], { env })).code).toBe(0);
    expect((await run(folder, ["config", "set", "--secret", "a", "b"], { env })).stderr).toContain(
      "incorrect passphrase",
    );
  });

  it("lets one of two updates work and tells the other who works", { timeout: 300_000 }, async () => {
    await using folder = await createWithStack(`${thingClass} new Thing("a", { slow: 1500 });`);
    const first = start(folder, ["up", "--yes", "--skip-preview"]);
    await printed(first.child, "a creating");

    const second = await run(folder, ["up", "--yes", "--skip-preview"]);

    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`(pid ${first.child.pid})`);
    expect((await first.ended).code).toBe(0);
  });

  it("writes its events to a file, one a line", { timeout: 300_000 }, async () => {
    await using folder = await createWithStack(`${thingClass} new Thing("a");`);
    const log = join(folder.path, "events.jsonl");

    await run(folder, ["up", "--yes", "--skip-preview", "--event-log", log]);

    const lines = (await readFile(log, "utf8")).trim().split("\n");
    const events = lines.map((line) => JSON.parse(line) as { sequence: number });
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index));
    expect(events.at(-2)).toHaveProperty("summaryEvent");
  });
});
