import { mkdir, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import automation from "@pulumi/pulumi/automation/index.js";
import pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { createProjectFolder, thingClass } from "../program.ts";

const { LocalWorkspace, PulumiCommand, ConcurrentUpdateError, StackNotFoundError, StackAlreadyExistsError } =
  automation;
const engineRoot = resolve(import.meta.dirname, "../..");

async function createLocal(program: string) {
  const folder = await createProjectFolder(program);
  const world = join(folder.path, "..", "world");
  await mkdir(world);
  const pulumiCommand = await PulumiCommand.get({ root: engineRoot });
  const workspace = await LocalWorkspace.create({
    workDir: folder.path,
    pulumiCommand,
    envVars: { ...folder.env, WORLD: world },
  });
  return { folder, workspace, pulumiCommand, world, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] };
}

const { Stack } = automation;

describe("Pulumi's Automation API", () => {
  it("drives a stack of a local program through its whole life", { timeout: 300_000 }, async () => {
    await using local = await createLocal(`${thingClass}
      const config = new pulumi.Config();
      const thing = new Thing("a", { password: config.requireSecret("password"), tier: config.get("tier") });
      export const address = thing.address;
      export const password = config.requireSecret("password");
    `);
    const stack = await Stack.createOrSelect("dev", local.workspace);
    await stack.setAllConfig({ password: { value: "hunter2", secret: true }, tier: { value: "basic" } });
    await stack.setConfig("nested.list[0]", { value: "x" }, true);
    const events: string[] = [];

    const planned = await stack.preview({ onEvent: (event) => events.push(...Object.keys(event)) });
    const first = await stack.up({ message: "first", onEvent: (event) => events.push(...Object.keys(event)) });
    const same = await stack.up({ expectNoChanges: true });
    const refreshed = await stack.refresh();

    expect(planned.changeSummary).toEqual({ create: 2 });
    expect(first.summary).toMatchObject({
      kind: "update",
      result: "succeeded",
      message: "first",
      resourceChanges: { create: 2 },
    });
    expect(first.outputs).toEqual({
      address: { value: "thing://a", secret: false },
      password: { value: "hunter2", secret: true },
    });
    expect(first.stdout).not.toContain("hunter2");
    expect(same.summary.resourceChanges).toEqual({ same: 2 });
    expect(refreshed.summary.kind).toBe("refresh");
    expect(new Set(events)).toEqual(
      new Set([
        "sequence",
        "timestamp",
        "preludeEvent",
        "resourcePreEvent",
        "resOutputsEvent",
        "summaryEvent",
        "cancelEvent",
      ]),
    );

    expect(await stack.getAllConfig()).toMatchObject({
      "shop:password": { value: "hunter2", secret: true },
      "shop:tier": { value: "basic", secret: false },
      "shop:nested": { value: '{"list":["x"]}', secret: false },
    });
    expect(await stack.getConfig("nested.list[0]", true)).toMatchObject({ value: "x" });
    await stack.removeConfig("nested.list[0]", true);
    await stack.removeAllConfig(["nested"]);
    expect(Object.keys(await stack.getAllConfig()).toSorted()).toEqual(["shop:password", "shop:tier"]);

    await stack.setTag("owner", "me");
    expect(await stack.listTags()).toEqual({ owner: "me" });
    expect(await stack.getTag("owner")).toBe("me");
    await stack.removeTag("owner");
    expect(await stack.listTags()).toEqual({});

    const exported = await stack.exportStack();
    await stack.importStack(exported);
    expect(JSON.stringify(exported)).toContain("hunter2");
    expect((await stack.up({ expectNoChanges: true })).summary.result).toBe("succeeded");

    expect(await local.workspace.listStacks()).toMatchObject([{ name: "dev", current: true, resourceCount: 3 }]);
    expect((await local.workspace.whoAmI()).url).toBe(local.folder.backendUrl);
    expect((await stack.history()).map(({ kind }) => kind)).toEqual(["update", "refresh", "update", "update"]);
    expect(await stack.history(2, 2)).toHaveLength(2);

    expect(await stack.previewDestroy()).toMatchObject({ changeSummary: { delete: 2 } });
    const destroyed = await stack.destroy();
    expect(destroyed.summary.resourceChanges).toEqual({ delete: 2 });
    await stack.cancel();
    await local.workspace.removeStack("dev");
    expect(await local.workspace.listStacks()).toEqual([]);
  });

  it("renames a stack, which goes on where it was", { timeout: 300_000 }, async () => {
    await using local = await createLocal(`${thingClass}
      const group = new pulumi.ComponentResource("test:index:Group", "group");
      const a = new Thing("a", { password: new pulumi.Config().requireSecret("password") }, { parent: group });
      new Thing("b", { of: a.address }, { dependsOn: a });
    `);
    const stack = await Stack.create("dev", local.workspace);
    await stack.setConfig("password", { value: "hunter2", secret: true });
    await stack.up();
    await stack.setTag("owner", "me");
    await Stack.create("taken", local.workspace);
    await local.workspace.selectStack("dev");

    await expect(stack.rename({ stackName: "taken" })).rejects.toThrow("already exists");
    const taken = await Stack.select("dev", local.workspace);
    const { summary } = await taken.rename({ stackName: "prod" });
    const later = await Stack.select("prod", local.workspace);
    const exported = JSON.stringify(await later.exportStack());

    expect(summary?.kind).toBe("update");
    expect(exported).toContain("urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod");
    expect(exported).not.toMatch(/:dev::|shop-dev/);
    expect(await later.listTags()).toEqual({ owner: "me" });
    expect((await later.up({ expectNoChanges: true })).summary.resourceChanges).toEqual({ same: 4 });
    expect((await later.history()).map(({ kind }) => kind)).toEqual(["update", "update"]);
    expect((await local.workspace.listStacks()).map(({ name }) => name)).toEqual(["prod", "taken"]);
    await expect(Stack.select("dev", local.workspace)).rejects.toThrow(StackNotFoundError);
  });

  it("leaves out what is excluded or protected", { timeout: 300_000 }, async () => {
    await using local = await createLocal(`${thingClass}
      const size = new pulumi.Config().require("size");
      const a = new Thing("a", { tier: size });
      new Thing("b", { tier: size }, { protect: true, dependsOn: a });
      new Thing("c", { tier: size });
    `);
    const stack = await Stack.create("dev", local.workspace);
    await stack.setConfig("size", { value: "1" });
    await stack.up();
    await stack.setConfig("size", { value: "2" });

    const excluded = await stack.up({ exclude: ["urn:pulumi:dev::shop::**::a"] });
    const destroyed = await stack.destroy({ excludeProtected: true });
    const both = stack.up({ exclude: ["urn:**::a"], target: ["urn:**::b"] });

    expect(excluded.summary.resourceChanges).toEqual({ same: 2, update: 2 });
    expect(destroyed.summary.resourceChanges).toMatchObject({ delete: 1 });
    await expect(both).rejects.toThrow("--target and --exclude");
    await expect(stack.up({ plan: "plan.json" })).rejects.toThrow("unknown flag: --plan");
    await expect(stack.up({ debug: true })).rejects.toThrow("unknown flag: --debug");
  });

  it("deletes nothing where something that would go is protected", { timeout: 300_000 }, async () => {
    await using local = await createLocal(`${thingClass}
      const all = new pulumi.Config().require("all") === "yes";
      const a = new Thing("a");
      if (all) new Thing("b", {}, { protect: true, dependsOn: a });
      if (all) new Thing("c");
    `);
    const stack = await Stack.create("dev", local.workspace);
    await stack.setConfig("all", { value: "yes" });
    await stack.up();
    const objects = await readdir(local.world);

    await expect(stack.destroy()).rejects.toThrow("cannot be deleted");
    await stack.setConfig("all", { value: "no" });
    await expect(stack.up()).rejects.toThrow("cannot be deleted");

    expect(objects).toHaveLength(3);
    expect(await readdir(local.world)).toEqual(objects);
  });

  it("runs an inline program", { timeout: 300_000 }, async () => {
    await using local = await createLocal("");
    const program = async () => {
      const component = new pulumi.ComponentResource("test:index:Group", "group");
      const stash = new pulumi.Config().require("size");
      return { urn: component.urn, size: stash, token: pulumi.secret("t") };
    };
    const stack = await LocalWorkspace.createOrSelectStack(
      { stackName: "dev", projectName: "inline", program },
      { pulumiCommand: local.pulumiCommand, envVars: local.folder.env },
    );
    await stack.setConfig("size", { value: "3" });

    const planned = await stack.preview();
    const result = await stack.up();
    const destroyed = await stack.destroy();

    expect(planned.changeSummary).toEqual({ create: 2 });
    expect(result.outputs).toEqual({
      urn: { value: "urn:pulumi:dev::inline::test:index:Group::group", secret: false },
      size: { value: "3", secret: false },
      token: { value: "t", secret: true },
    });
    expect(destroyed.summary.resourceChanges).toEqual({ delete: 2 });
  });

  it("gets the errors that it knows by name", { timeout: 300_000 }, async () => {
    await using local = await createLocal(`${thingClass} new Thing("a", { slow: 1000 });`);
    const stack = await Stack.create("dev", local.workspace);
    await expect(Stack.select("none", local.workspace)).rejects.toThrow(StackNotFoundError);
    await expect(Stack.create("dev", local.workspace)).rejects.toThrow(StackAlreadyExistsError);

    const begun = Promise.withResolvers<void>();
    const stopping = new AbortController();
    const first = stack.up({
      signal: stopping.signal,
      onEvent: (event) => event.resourcePreEvent?.metadata.type.includes("dynamic") && begun.resolve(),
    });
    await begun.promise;
    await expect(stack.up()).rejects.toThrow(ConcurrentUpdateError);
    stopping.abort();

    await expect(first).rejects.toThrow("canceled");
  });

  it("tells a program's failure with what it said", { timeout: 300_000 }, async () => {
    await using local = await createLocal(`throw new Error("no such luck");`);
    const stack = await Stack.create("dev", local.workspace);

    await expect(stack.up()).rejects.toThrow("no such luck");
  });
});
