import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findProject } from "../../project/project-file.ts";
import { readStackFile } from "../../project/stack-file.ts";
import { resolveStackConfig } from "../../project/stack-config.ts";
import { createSecretsManager } from "../../secrets/passphrase.ts";
import { createTempFolder } from "../support.ts";

const secrets = await createSecretsManager({ PULUMI_CONFIG_PASSPHRASE: "p" });
const cipher = await secrets.unlock();

async function createProject(yaml: string, stackYaml = "") {
  const folder = await createTempFolder();
  await writeFile(join(folder.path, "Pulumi.yaml"), yaml);
  await writeFile(join(folder.path, "Pulumi.dev.yaml"), stackYaml);
  return folder;
}

describe("a project", () => {
  it("is found from a folder below its own", async () => {
    await using folder = await createProject("name: shop\nruntime: nodejs\n");
    const below = join(folder.path, "a", "b");
    await mkdir(below, { recursive: true });

    await expect(findProject(below)).resolves.toMatchObject({
      name: "shop",
      folder: folder.path,
      main: ".",
      runtime: { name: "nodejs", options: {} },
    });
  });

  it("is read with its options", async () => {
    await using folder = await createProject(
      "name: shop\nmain: infra/\nruntime:\n  name: nodejs\n  options:\n    typescript: false\nbackend:\n  url: file://./state\nstackConfigDir: stacks\noptions:\n  refresh: always\n",
    );

    await expect(findProject(folder.path)).resolves.toMatchObject({
      main: "infra/",
      runtime: { options: { typescript: false } },
      backendUrl: "file://./state",
      stackConfigFolder: join(folder.path, "stacks"),
      refreshAlways: true,
    });
  });

  it.each([
    ["name: [1]", "is not a project: name"],
    ["runtime: nodejs", "is not a project: name"],
    ["name: a: b", "is not YAML"],
  ])("is refused when it says %j", async (yaml, reason) => {
    await using folder = await createProject(yaml);

    await expect(findProject(folder.path)).rejects.toThrow(reason);
  });

  it("is missed with a word on where it was looked for", async () => {
    await using folder = await createTempFolder();

    await expect(findProject(folder.path)).rejects.toThrow(`searching upwards from ${folder.path}`);
  });
});

describe("the settings that a program gets", () => {
  async function resolve(projectYaml: string, stackYaml: string, overrides?: Record<string, string>) {
    await using folder = await createProject(`name: shop\nruntime: nodejs\n${projectYaml}`, stackYaml);
    const file = await readStackFile(join(folder.path, "Pulumi.dev.yaml"), "shop");
    const project = await findProject(folder.path);
    return await resolveStackConfig({ project, stack: "dev", file, secrets, ...(overrides && { overrides }) });
  }

  it("are texts; what is more than that is JSON with sorted keys", async () => {
    const { config, secretKeys } = await resolve(
      "",
      "config:\n  shop:n: 3\n  shop:b: true\n  shop:o: {b: 1, a: [x, 2]}\n  aws:region: eu\n",
    );

    expect(config).toEqual({ "shop:n": "3", "shop:b": "true", "shop:o": '{"a":["x",2],"b":1}', "aws:region": "eu" });
    expect(secretKeys).toEqual(new Set());
  });

  it("are secret in whole where a part of them is", async () => {
    const secure = cipher.encrypt("hunter2");

    const { config, secretKeys } = await resolve(
      "",
      `config:\n  shop:o:\n    user: me\n    password:\n      secure: ${secure}\n`,
    );

    expect(config).toEqual({ "shop:o": '{"password":"hunter2","user":"me"}' });
    expect(secretKeys).toEqual(new Set(["shop:o"]));
  });

  it("come from the project where the stack has none", async () => {
    const declared = "config:\n  size: 3\n  aws:region: eu\n  name:\n    type: string\n    default: basic\n";

    expect((await resolve(declared, "config:\n  shop:size: 4\n")).config).toEqual({
      "shop:size": "4",
      "aws:region": "eu",
      "shop:name": "basic",
    });
  });

  it("are asked for by name, with the command that sets them", async () => {
    const missing = resolve("config:\n  size:\n    type: integer\n", "");

    await expect(missing).rejects.toThrow(
      /missing configuration value 'shop:size'.*pulumi config set shop:size <value> --stack dev/,
    );
  });

  it("have the type that the project says", async () => {
    await expect(resolve("config:\n  size:\n    type: integer\n", "config:\n  shop:size: big\n")).rejects.toThrow(
      "must be of type 'integer'",
    );
  });

  it("can be laid over, and what lies below is not decrypted", async () => {
    const { config, secretKeys } = await resolve("", "config:\n  shop:a:\n    secure: v1:AAAA:AAAA\n", {
      "shop:a": "plain",
      "shop:b": "2",
    });

    expect(config).toEqual({ "shop:a": "plain", "shop:b": "2" });
    expect(secretKeys).toEqual(new Set());
  });

  it("name the key that cannot be decrypted", async () => {
    await expect(
      resolve("", `config:\n  shop:a:\n    secure: ${cipher.encrypt("x").slice(0, -8)}AAAAAAA=\n`),
    ).rejects.toThrow("shop:a in");
  });
});
