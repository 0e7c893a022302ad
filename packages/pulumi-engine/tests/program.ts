import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createTempFolder } from "./support.ts";

const repository = resolve(import.meta.dirname, "../../..");

export interface ProjectFolder extends AsyncDisposable {
  path: string;
  /** `file://…`, apart from the project. */
  backendUrl: string;
  env: Record<string, string>;
  /** Replaces the program. */
  write(program: string): Promise<void>;
}

/** A Pulumi project of its own, with this repository's packages and an empty backend. */
export async function createProjectFolder(program = "", name = "shop"): Promise<ProjectFolder> {
  const folder = await createTempFolder();
  const path = join(folder.path, "project");
  await mkdir(path);
  await mkdir(join(folder.path, "state"));
  await symlink(join(repository, "node_modules"), join(folder.path, "node_modules"));
  await writeFile(join(path, "package.json"), JSON.stringify({ name, private: true, type: "module" }));
  await writeFile(
    join(path, "Pulumi.yaml"),
    `name: ${name}\nmain: index.ts\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n`,
  );
  const write = (text: string) => writeFile(join(path, "index.ts"), text);
  await write(program);
  const backendUrl = `file://${join(folder.path, "state")}`;
  const { PATH = "", HOME = "" } = process.env;
  return {
    path,
    backendUrl,
    write,
    env: {
      PATH,
      HOME,
      PULUMI_HOME: join(folder.path, "home"),
      PULUMI_BACKEND_URL: backendUrl,
      PULUMI_CONFIG_PASSPHRASE: "p",
      NO_COLOR: "1",
    },
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
}

/**
 * A dynamic resource for programs. Its objects are files in the folder that `world` names, so that a test sees what
 * exists; `fail` makes its next step fail, and `slow` takes that many milliseconds.
 */
export const thingClass = `
import * as pulumi from "@pulumi/pulumi";
const provider = {
  async create(inputs) {
    const { writeFileSync } = await import("node:fs");
    if (inputs.slow) await (await import("node:timers/promises")).setTimeout(inputs.slow);
    if (inputs.fail) throw new Error(inputs.fail);
    const id = inputs.name + "-" + process.hrtime.bigint();
    writeFileSync(inputs.world + "/" + id, "");
    return { id, outs: { ...inputs, address: "thing://" + inputs.name } };
  },
  async diff(_id, olds, news) {
    const changed = Object.keys({ ...olds, ...news }).filter((key) => !["address", "__provider"].includes(key) && JSON.stringify(olds[key]) !== JSON.stringify(news[key]));
    return { changes: changed.length > 0, replaces: changed.includes("size") ? ["size"] : [] };
  },
  async update(_id, olds, news) {
    if (news.fail) throw new Error(news.fail);
    return { outs: { ...news, address: olds.address } };
  },
  async delete(id, inputs) {
    const { rmSync } = await import("node:fs");
    if (inputs.slow) await (await import("node:timers/promises")).setTimeout(inputs.slow);
    rmSync(inputs.world + "/" + id, { force: true });
  },
};
class Thing extends pulumi.dynamic.Resource {
  constructor(name, props = {}, options = {}) {
    super(provider, name, { name, world: process.env.WORLD, address: undefined, ...props }, options);
  }
}
`;
