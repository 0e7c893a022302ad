import { mkdir, mkdtempDisposable, readFile, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { explainWriteError, listNames, tryReadText, writeDurably } from "../files.ts";

describe("a durable write", () => {
  it("replaces a file whole, and leaves nothing beside it", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "kit-"));
    const path = join(folder.path, "new", "file.json");

    await writeDurably(path, "one");
    await writeDurably(path, "two");

    expect(await readFile(path, "utf8")).toBe("two");
    expect(await readdir(join(folder.path, "new"))).toEqual(["file.json"]);
  });

  it("leaves what was there when it fails", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "kit-"));
    const path = join(folder.path, "taken");
    await mkdir(join(path, "inner"), { recursive: true });

    await expect(writeDurably(path, "x")).rejects.toThrow("EISDIR");

    expect(await readdir(folder.path)).toEqual(["taken"]);
  });

  it.each([
    ["ENOSPC", "free some space"],
    ["EACCES", "permissions"],
    ["EROFS", "choose another folder"],
  ])("explains %s by what can be done: %s", (code, advice) => {
    const explained = explainWriteError("/state/dev.json", Object.assign(new Error("no"), { code }));

    expect(explained).toBeInstanceOf(UserError);
    expect(String(explained)).toContain(`/state/dev.json cannot be written (${code})`);
    expect(String(explained)).toContain(advice);
  });
});

describe("a file that may be missing", () => {
  it("is undefined, and a folder without names", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "kit-"));

    expect(await tryReadText(join(folder.path, "none"))).toBeUndefined();
    expect(await listNames(join(folder.path, "none"))).toEqual([]);
  });

  it("is an error all the same when it cannot be read for another reason", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "kit-"));
    await writeFile(join(folder.path, "file"), "");

    await expect(tryReadText(folder.path)).rejects.toThrow("EISDIR");
    await expect(listNames(join(folder.path, "file"))).rejects.toThrow("ENOTDIR");
  });
});
