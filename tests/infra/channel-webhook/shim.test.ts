import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";

const repository = path.resolve(import.meta.dirname, "../../..");

/**
 * A change of these texts is a change of every state: it shows as an update of the resource in every stack, once.
 * Before a hash here is changed, that has to be what is wanted.
 */
const texts = [
  ["channel-webhook", "pulumi-line-bot/provider", "4667696b62aa5d91554422a797e5cdb76f7b8c89a48b31572eaa0d94c4eaceef"],
  [
    "proven-version",
    "pulumi-line-bot/proven-version",
    "36274a1cfdd7591e61e764afb1037593e2e679ef2e61ea72388b017ec1df923d",
  ],
] as const;

/** Serialized by the SDK, in a process of its own: this one's modules are rewritten for the tests. */
async function serialize(shim: string, more: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<string> {
  const script = `
    import { createRequire } from "node:module";
    const pulumi = createRequire(${JSON.stringify(import.meta.filename)})("@pulumi/pulumi");
    const { provider } = await import(${JSON.stringify(pathToFileURL(shim).href)});
    process.stdout.write((await pulumi.runtime.serializeFunction(() => provider)).text);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], more);
  return stdout;
}

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "shim-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe.each(texts)("the text that a state holds of %s", (name, module, hash) => {
  const shim = path.join(repository, "infra", name, "shim.js");

  it("is the one that it always was, and holds no secret, no path, and no code but the handing over", async () => {
    const text = await serialize(shim);

    expect(hashOf(text)).toBe(hash);
    expect(text.length).toBeLessThan(6000);
    expect(text).not.toContain(repository);
    expect(text).not.toMatch(/Bearer|channelSecret|api\.line\.me/);
    const imports = [...text.matchAll(/import\("([^"]+)"\)/g)].map(([, imported]) => imported);
    expect(new Set(imports)).toEqual(new Set([module]));
  });

  it("is the same from another path, working folder, zone and language", async () => {
    const folder = path.join(await createFolder(), "a folder", "ディレクトリ");
    await mkdir(folder, { recursive: true });
    const copy = path.join(folder, "shim.mjs");
    await copyFile(shim, copy);
    const env = { ...process.env, TZ: "Asia/Tokyo", LANG: "ja_JP.UTF-8", HOME: folder };

    expect(hashOf(await serialize(copy, { cwd: folder, env }))).toBe(hash);
  });

  it("is plain JavaScript without a blank in place of a type", async () => {
    expect(await readFile(shim, "utf8")).not.toMatch(/[ \t]+$/m);
  });
});
