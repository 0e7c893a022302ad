import { createHash } from "node:crypto";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { createServer, type Socket } from "node:net";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import automation from "@pulumi/pulumi/automation/server.js";
import languageServices from "@pulumi/pulumi/proto/language_grpc_pb.js";
import { describe, expect, it } from "vitest";
import { isSecret, secret } from "../../values/properties.ts";
import { createInlineProgram } from "../../adapters/inline-program.ts";
import { MemoryStore } from "../core/harness.ts";
import { createProject, deployment, operate } from "./support.ts";

/** The SDK's own host of inline programs, which has no types. */
interface AutomationServer {
  LanguageServer: new (program: () => Promise<unknown>) => grpc.UntypedServiceImplementation & {
    onPulumiExit(hasError: boolean): void;
  };
}

/** A dynamic resource that keeps nothing anywhere. */
const THING = `
import * as pulumi from "@pulumi/pulumi";
const provider = {
  async check(olds, news) { return { inputs: { tier: "basic", ...news }, failures: news.size < 0 ? [{ property: "size", reason: "too small" }] : [] }; },
  async diff(id, olds, news) { return { changes: olds.size !== news.size, replaces: olds.zone !== news.zone ? ["zone"] : [] }; },
  async create(inputs) {
    if (inputs.refuse) throw new Error("the cloud refused");
    if (inputs.unwell) throw Object.assign(new Error("unwell"), { id: "half-1", properties: inputs, reasons: ["it did not come up"] });
    if (inputs.port) { process.getBuiltinModule("node:net").connect(inputs.port); await new Promise(() => setInterval(() => {}, 60000)); }
    return { id: inputs.name + "-1", outs: { ...inputs, address: "cloud://" + inputs.name } };
  },
  async update(id, olds, news) { return { outs: { ...news, address: olds.address } }; },
  async read(id, props) { return { id, props }; },
};
export class Thing extends pulumi.dynamic.Resource {
  constructor(name, args, opts) { super(provider, name, { address: undefined, name, ...args }, opts); }
}
`;

const UPDATE = { kind: "update" } as const;

/** A busy machine starts a Node process in seconds. */
const PATIENCE = { timeout: 300_000 };

describe("a Node.js program", PATIENCE, () => {
  it("is previewed, deployed, left as it is, changed, refreshed and destroyed", async () => {
    await using project = await createProject(`${THING}
      class Group extends pulumi.ComponentResource {
        constructor(name) {
          super("test:index:Group", name);
          this.thing = new Thing(name + "-in", { password: pulumi.secret("hunter2") }, { parent: this });
          this.registerOutputs({ address: this.thing.address });
        }
      }
      const config = new pulumi.Config();
      const a = new Thing("a", { size: Number(process.env.SIZE ?? 1) });
      const b = new Thing("b", { of: a.address, greeting: config.require("greeting") });
      const group = new Group("g");
      console.log("made");
      console.error("to stderr");
      export const address = b.address;
      export const password = group.thing.password;
      export const hush = config.requireSecret("hush");
    `);
    const store = new MemoryStore();

    const preview = await operate(project.dir, store, { kind: "preview" });
    const created = await operate(project.dir, store, UPDATE);
    const same = await operate(project.dir, store, UPDATE);
    process.env["SIZE"] = "2";
    const changed = await operate(project.dir, store, UPDATE);
    delete process.env["SIZE"];
    const refreshed = await operate(project.dir, store, { kind: "refresh" });
    const destroyed = await operate(project.dir, store, { kind: "destroy" });

    expect(preview.steps.toSorted()).toEqual(["create a", "create b", "create g-in"]);
    expect(created.outputs).toMatchObject({ address: "cloud://b", hush: secret("hunter2") });
    expect(isSecret(created.outputs["password"])).toBe(true);
    expect(created.messages).toEqual(["info: made", "info#err: to stderr"]);
    expect(JSON.stringify([preview.events, created.events])).not.toContain("hunter2");
    expect(same.steps.toSorted()).toEqual(["same a", "same b", "same g-in"]);
    expect(changed.steps.toSorted()).toEqual(["same b", "same g-in", "update a"]);
    expect(refreshed.steps.toSorted()).toEqual(["same a", "same b", "same g-in"]);
    expect(destroyed.steps).toHaveLength(3);
    expect(store.current.resources).toEqual([]);
  });

  it("that throws says so once, and its stack goes on from there", async () => {
    await using project = await createProject(`${THING}
      new Thing("a", {});
      throw new Error("thrown by the program");
    `);

    const { result, messages } = await operate(project.dir, new MemoryStore(), UPDATE);

    expect(result).toBe("failed");
    expect(messages.filter((message) => message.includes("thrown by the program"))).toHaveLength(1);
  });

  it("that was compiled is shown by its sources, and may ask for what the SDK loads late", async () => {
    await using project = await createProject(`
      import * as pulumi from "@pulumi/pulumi";
      import { fail } from "./compiled.js";
      await pulumi.runtime.computeCodePaths();
      fail();
    `);
    const map = { version: 3, sources: ["before.ts"], names: [], mappings: "AAoCE" };
    const inline = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString("base64")}`;
    const code = `export function fail() { throw new Error("thrown by what was compiled"); }`;
    await writeFile(join(project.dir, "compiled.js"), `${code}\n//# sourceMappingURL=${inline}\n`);

    const { messages } = await operate(project.dir, new MemoryStore(), UPDATE);

    expect(messages.join("\n")).toMatch(/thrown by what was compiled[\s\S]*before\.ts:37/);
  });

  it("that exits on its own fails, and says with what", async () => {
    await using project = await createProject(`process.exit(7);`);

    const { result, messages } = await operate(project.dir, new MemoryStore(), UPDATE);

    expect(result).toBe("failed");
    expect(messages.join("\n")).toContain("non-zero exit code: 7");
  });

  it.each([
    ["a failed check", "{ size: -1 }", "too small", 0],
    ["a refused creation", "{ refuse: true }", "the cloud refused", 0],
    ["an object that did not come up", "{ unwell: true }", "it did not come up", 1],
  ])("hears of %s", async (_, args, message, kept) => {
    await using project = await createProject(`${THING} new Thing("a", ${args});`);
    const store = new MemoryStore();

    const { result, messages } = await operate(project.dir, store, UPDATE);

    expect(result).toBe("failed");
    expect(messages.join("\n")).toContain(message);
    expect(store.current.resources.filter(({ type }) => type.includes("dynamic"))).toHaveLength(kept);
  });

  it("changes inputs and options by transforms, its own and the stack's", async () => {
    await using project = await createProject(`${THING}
      pulumi.runtime.registerResourceTransform(({ props, opts }) => ({ props: { ...props, stamped: true }, opts }));
      const a = new Thing("a", {});
      new Thing("b", { of: a.address }, { transforms: [({ props, opts }) => ({ props: { ...props, size: 3 }, opts: pulumi.mergeOptions(opts, { protect: true }) })] });
    `);
    const store = new MemoryStore();

    await operate(project.dir, store, UPDATE);

    const [a, b] = store.current.resources.filter(({ type }) => type.includes("dynamic"));
    expect(a?.inputs).toMatchObject({ stamped: true });
    expect(b).toMatchObject({
      inputs: { stamped: true, size: 3, of: "cloud://a" },
      protect: true,
      dependencies: [a?.urn],
    });
  });

  it("runs its hooks before and after steps", async () => {
    await using project = await createProject(`${THING}
      const hook = (name) => new pulumi.ResourceHook(name, (args) => console.log(name, args.name, args.newInputs?.size, args.oldInputs?.size, args.newOutputs?.address));
      new Thing("a", { size: 1 }, { hooks: { beforeCreate: [hook("before")], afterCreate: [hook("after")] } });
    `);

    const { messages } = await operate(project.dir, new MemoryStore(), UPDATE);

    expect(messages).toEqual(["info: before a 1 undefined undefined", "info: after a 1 undefined cloud://a"]);
  });

  it("has its assets hashed as Pulumi hashes them", async () => {
    await using project = await createProject(`${THING}
      const { StringAsset, FileAsset, AssetArchive, FileArchive } = pulumi.asset;
      new Thing("a", {
        text: new StringAsset("a test asset"), file: new FileAsset("files/empty"), zip: new FileArchive("files/some.zip"),
        set: new AssetArchive({ foo: new StringAsset("a test asset") }), none: new AssetArchive({}), folder: new FileArchive("files/folder"),
      });
    `);
    await mkdir(join(project.dir, "files/folder"));
    await writeFile(join(project.dir, "files/empty"), "");
    await writeFile(join(project.dir, "files/some.zip"), "not really a zip");
    await writeFile(join(project.dir, "files/folder/foo"), "a test asset");
    const store = new MemoryStore();

    await operate(project.dir, store, UPDATE);

    const inputs = store.current.resources.find(({ type }) => type.includes("dynamic"))?.inputs ?? {};
    const hash = (key: string): unknown => (inputs[key] as { hash?: string }).hash;
    expect(hash("text")).toBe("e34c74529110661faae4e121e57165ff4cb4dbdde1ef9770098aa3695e6b6704");
    expect(hash("file")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(hash("set")).toBe("27ab4a14a617df10cff3e1cf4e30cf510302afe56bf4cc91f84041c9f7b62fd8");
    expect(hash("folder")).toBe(hash("set"));
    expect(hash("none")).toBe("5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
    expect(hash("zip")).toBe(createHash("sha256").update("not really a zip").digest("hex"));
  });

  it("without the SDK learns what to install", async () => {
    await using project = await createProject("");
    await rm(join(project.dir, "node_modules"));

    const { result, messages } = await operate(project.dir, new MemoryStore(), UPDATE);

    expect(result).toBe("failed");
    expect(messages.join("\n")).toContain("npm install");
  });

  it("may live in another process, as a client's language runtime", async () => {
    await using project = await createProject("");
    const { LanguageServer } = automation as unknown as AutomationServer;
    const language = new LanguageServer(() => Promise.resolve({ made: "inline" }));
    const server = new grpc.Server();
    server.addService(languageServices.LanguageRuntimeService, language);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    const source = createInlineProgram({
      ...deployment,
      root: project.dir,
      pwd: project.dir,
      client: `127.0.0.1:${port}`,
    });

    const { result, outputs } = await operate(project.dir, new MemoryStore(), { source });
    server.forceShutdown();
    language.onPulumiExit(false);

    expect(result).toBe("succeeded");
    expect(outputs).toEqual({ made: "inline" });
  });
});

describe("an engine that is killed", PATIENCE, () => {
  it("leaves neither the program nor the provider of its dynamic resources behind", async () => {
    const sockets: Socket[] = [];
    const both = Promise.withResolvers<void>();
    const listener = createServer((socket) => {
      if (sockets.push(socket) === 2) both.resolve();
      socket.on("error", () => undefined);
    });
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as { port: number };
    await using project = await createProject(`${THING}
      process.getBuiltinModule("node:net").connect(${port});
      new Thing("a", { port: ${port} });
    `);
    const engine = spawn(process.execPath, [join(import.meta.dirname, "engine-process.ts"), project.dir], {
      stdio: "ignore",
    });

    await both.promise;
    const gone = sockets.map((socket) => once(socket.resume(), "close"));
    engine.kill("SIGKILL");
    await Promise.all(gone);

    listener.close();
    expect(sockets.every(({ destroyed }) => destroyed)).toBe(true);
  });
});
