import { describe, expect, it } from "vitest";
import { secret } from "../../values/properties.ts";
import { MemoryStore } from "../core/harness.ts";
import { createProject, operate, serveProvider, type ProviderTraits } from "./support.ts";

/** A plain resource of package `cloud`, as a generated SDK has it. */
const THING = `
import * as pulumi from "@pulumi/pulumi";
class Thing extends pulumi.CustomResource {
  constructor(name, args, opts) { super("cloud:index:Thing", name, { address: undefined, ...args }, pulumi.mergeOptions({ version: "7.48.0" }, opts)); }
}
class Provider extends pulumi.ProviderResource {
  constructor(name, args, opts) { super("cloud", name, args, opts); }
}
`;

async function deploy(
  program: string,
  traits?: ProviderTraits,
  ...kinds: ("preview" | "update" | "refresh" | "destroy")[]
) {
  await using project = await createProject(THING + program);
  const provider = await serveProvider(traits);
  const store = new MemoryStore();
  try {
    let outcome;
    for (const kind of kinds.length > 0 ? kinds : (["update"] as const)) {
      outcome = await operate(project.dir, store, {
        kind,
        attached: { cloud: provider.port },
        config: { "cloud:region": "north", "cloud:key": "hush", "test:x": "y" },
        secretKeys: new Set(["cloud:key"]),
      });
    }
    if (!outcome) throw new Error("nothing was done");
    return { ...outcome, ...provider, store, resources: store.current.resources };
  } finally {
    await provider.close();
  }
}

describe("an attached provider", { timeout: 300_000 }, () => {
  it("is a resource of the stack, configured with its package's settings", async () => {
    const { resources, configured } = await deploy(`new Thing("a", {});`);

    const provider = resources.find(({ type }) => type === "pulumi:providers:cloud");
    expect(provider).toMatchObject({
      urn: "urn:pulumi:dev::test::pulumi:providers:cloud::default_7_48_0",
      inputs: { region: "north", key: secret("hush"), version: "7.48.0" },
    });
    expect(configured).toEqual([{ region: "north", key: secret("hush"), version: "7.48.0" }]);
  });

  it("gets secrets if it takes them, and only of their values otherwise", async () => {
    const program = `new Thing("a", { password: pulumi.secret("hunter2") });`;

    const takes = await deploy(program);
    const takesNot = await deploy(program, { handshake: { acceptsSecrets: false } });

    expect(takes.asked.find(({ method }) => method === "create")?.news).toMatchObject({ password: secret("hunter2") });
    expect(takesNot.asked.find(({ method }) => method === "create")?.news).toMatchObject({ password: "hunter2" });
    for (const { resources } of [takes, takesNot])
      expect(resources.find(({ id }) => id === "thing-1")?.outputs).toMatchObject({ password: secret("hunter2") });
  });

  it("too old for a handshake says in its configuration what it takes", async () => {
    const { asked } = await deploy(`new Thing("a", { password: pulumi.secret("hunter2") });`, { acceptsSecrets: true });

    expect(asked.find(({ method }) => method === "create")?.news).toMatchObject({ password: secret("hunter2") });
  });

  it("imagines outputs in a preview if it can", async () => {
    const program = `export const address = new Thing("a", {}).address;`;

    const can = await deploy(program, undefined, "preview");
    const cannot = await deploy(program, { supportsPreview: false }, "preview");

    expect(can.asked.map(({ method, preview }) => [method, preview])).toEqual([
      ["check", false],
      ["create", true],
    ]);
    expect(cannot.asked.map(({ method }) => method)).toEqual(["check"]);
    expect(
      can.events.find(({ resOutputsEvent }) => resOutputsEvent?.metadata.type === "cloud:index:Thing")?.resOutputsEvent
        ?.metadata.new?.outputs,
    ).toMatchObject({ address: "to be known" });
  });

  it("says in detail what differs, and what replaces", async () => {
    await using project = await createProject(
      `${THING} new Thing("a", { size: process.env.SIZE, zone: process.env.ZONE }, { replaceOnChanges: ["size"] });`,
    );
    const provider = await serveProvider();
    const store = new MemoryStore();
    const on = (size: string, zone: string) => {
      Object.assign(process.env, { SIZE: size, ZONE: zone });
      return operate(project.dir, store, { attached: { cloud: provider.port } });
    };

    await on("1", "north");
    const zone = await on("1", "south");
    const size = await on("2", "south");
    await provider.close();

    expect(zone.steps).toEqual(["create-replacement a", "replace a", "delete-replaced a"]);
    const metadata = zone.events.find(({ resourcePreEvent }) => resourcePreEvent?.metadata.op === "replace")
      ?.resourcePreEvent?.metadata;
    expect(metadata).toMatchObject({
      keys: ["zone"],
      diffs: ["zone"],
      detailedDiff: { zone: { diffKind: "update-replace", inputDiff: true } },
    });
    expect(size.steps).toEqual(["create-replacement a", "replace a", "delete-replaced a"]);
  });

  it("keeps an object that did not come up, with its reasons", async () => {
    const { resources, messages, result } = await deploy(`new Thing("a", {});`, {
      handshake: { acceptsSecrets: true },
      unwell: ["no light"],
    });

    expect(result).toBe("failed");
    expect(messages.join("\n")).toContain("no light");
    expect(resources.find(({ id }) => id === "thing-1")).toMatchObject({ initErrors: ["no light"] });
  });

  it("names the settings that it misses, and the command that sets them", async () => {
    const { messages, result } = await deploy(`new Thing("a", {});`, { missingKeys: ["cloud:token"] });

    expect(result).toBe("failed");
    expect(messages.join("\n")).toContain("pulumi config set cloud:token");
  });

  it("answers functions of the program", async () => {
    const { outputs } = await deploy(
      `export const answer = pulumi.runtime.invoke("cloud:index:ask", { question: "well?" }).then(({ answer }) => answer);`,
    );

    expect(outputs).toEqual({ answer: 're: "well?"' });
  });

  it("may be made and configured by the program", async () => {
    const { resources, configured } = await deploy(`
      const provider = new Provider("mine", { region: "south" });
      new Thing("a", {}, { provider });
    `);

    const provider = resources.find(({ type }) => type === "pulumi:providers:cloud");
    expect(provider?.urn).toBe("urn:pulumi:dev::test::pulumi:providers:cloud::mine");
    expect(resources.find(({ id }) => id === "thing-1")?.provider).toBe(`${provider?.urn}::${provider?.id}`);
    expect(configured).toEqual([{ region: "south" }]);
  });

  it("is refreshed and deleted from without the program", async () => {
    const { steps, asked, resources } = await deploy(
      `new Thing("a", { size: 1 });`,
      undefined,
      "update",
      "refresh",
      "destroy",
    );

    expect(steps).toEqual(["delete a"]);
    expect(asked.map(({ method }) => method)).toEqual(["check", "create", "read", "diff", "delete"]);
    expect(resources).toEqual([]);
  });

  it("that is not there is named with its port", async () => {
    await using project = await createProject(`${THING} new Thing("a", {});`);
    const gone = await serveProvider();
    await gone.close();

    const { messages, result } = await operate(project.dir, new MemoryStore(), { attached: { cloud: gone.port } });

    expect(result).toBe("failed");
    expect(messages.join("\n")).toContain(`port ${gone.port}`);
  });

  it("is the only way to any other package", async () => {
    await using project = await createProject(`${THING} new Thing("a", {});`);

    const { messages, result } = await operate(project.dir, new MemoryStore(), {});

    expect(result).toBe("failed");
    expect(messages[0]).toContain("PULUMI_DEBUG_PROVIDERS=cloud:<port>");
  });
});
