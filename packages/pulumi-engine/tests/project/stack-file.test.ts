import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type StackFile, readStackFile } from "../../project/stack-file.ts";
import { parseConfigPath } from "../../project/config-value.ts";
import { createTempFolder } from "../support.ts";

/** What a file holds after an edit. */
async function edited(text: string, edit: (file: StackFile) => void): Promise<string> {
  await using folder = await createTempFolder();
  const path = join(folder.path, "Pulumi.dev.yaml");
  await writeFile(path, text);
  const file = await readStackFile(path, "shop");
  edit(file);
  await file.save();
  return await readFile(path, "utf8");
}

async function read(text: string): Promise<StackFile> {
  await using folder = await createTempFolder();
  const path = join(folder.path, "Pulumi.dev.yaml");
  await writeFile(path, text);
  return await readStackFile(path, "shop");
}

function setAt(file: StackFile, path: string, value: string | number): void {
  const place = parseConfigPath(path, "shop");
  file.set(place.key, place.path, value);
}

const commented = `# who may change this: ops
encryptionsalt: v1:salt

config:
  # the region that is nearest
  aws:region: ap-northeast-1 # Tokyo
  shop:list: ["x", "y"]
  shop:map:
    deep: {a: 1}
`;

describe("a stack's settings file", () => {
  it("keeps comments and order when a value changes", async () => {
    const text = await edited(commented, (file) => file.set("aws:region", [], "us-east-1"));

    expect(text).toBe(commented.replace("ap-northeast-1", "us-east-1"));
  });

  it("writes what was not there behind what was", async () => {
    const text = await edited(commented, (file) => file.set("shop:new", [], { secure: "v1:a:b" }));

    expect(text).toBe(`${commented}  shop:new:\n    secure: v1:a:b\n`);
  });

  it("quotes a text that looks like a number or a boolean", async () => {
    const text = await edited("", (file) => {
      file.set("shop:account", [], "012345678901");
      file.set("shop:flag", [], "true");
    });

    expect(text).toBe('config:\n  shop:account: "012345678901"\n  shop:flag: "true"\n');
  });

  it("writes all settings as texts, as Pulumi does, and leaves what is inside of them", async () => {
    const text = await edited("config:\n  shop:on: true\n  shop:n: 1.50\n  shop:m: {a: 1}\n", (file) =>
      file.set("shop:x", [], "z"),
    );

    expect(text).toBe('config:\n  shop:on: "true"\n  shop:n: "1.5"\n  shop:m: {a: 1}\n  shop:x: z\n');
  });

  // What `pulumi config --json` printed for a file that somebody wrote by hand.
  it.each([
    ["True", "true"],
    ["yes", "yes"],
    ["1.50", "1.5"],
    ["1e3", "1000"],
    ["012", "10"],
    ["0o12", "10"],
    ["0x1F", "31"],
    ["0b11", "3"],
    ["1_000", "1000"],
    ["-7", "-7"],
    ["012345678901", "12345678901"],
    ["12345678901234567890", "12345678901234567890"],
    ["2020-01-01", "2020-01-01 00:00:00 +0000 UTC"],
    ["2020-02-30", "2020-02-30"],
    ["null", ""],
    ["~", ""],
    ["", ""],
    ['"012"', "012"],
    ["10.0.0.0", "10.0.0.0"],
  ])("reads %s for the text %j, as Pulumi does", async (written, text) => {
    const file = await read(`config:\n  shop:a: ${written}\n`);

    expect(file.config()).toEqual({ "shop:a": text });
  });

  it("keeps the numbers and texts inside of a value apart", async () => {
    const file = await read("config:\n  shop:a: {n: 012, f: 1.50, none: null, on: yes, day: 2020-01-01, t: '1'}\n");

    expect(file.config()["shop:a"]).toEqual({
      n: 10,
      f: 1.5,
      none: null,
      on: "yes",
      day: "2020-01-01 00:00:00 +0000 UTC",
      t: "1",
    });
  });

  it.each(["2020-01-01", "1_000", "yes", "0b11", "0o12", "~", "null", ".5", "012"])(
    "writes the text %s so that it stays one",
    async (text) => {
      const written = await edited("", (file) => file.set("shop:a", [], text));

      expect(written).toBe(`config:\n  shop:a: "${text}"\n`);
      expect((await read(written)).config()).toEqual({ "shop:a": text });
    },
  );

  it("does not break a long value over lines", async () => {
    const long = "word ".repeat(60).trim();

    expect(await edited("", (file) => file.set("shop:long", [], long))).toBe(`config:\n  shop:long: ${long}\n`);
  });

  it("changes one place of a list or a map", async () => {
    const text = await edited(commented, (file) => {
      setAt(file, "list[1]", "z");
      setAt(file, "map.deep.b", 2);
    });

    expect(text).toContain('shop:list: ["x", "z"]');
    expect(text).toContain("deep: {a: 1, b: 2}");
  });

  it("makes the maps and lists on the way to a place", async () => {
    const text = await edited("config:\n  shop:plain: text\n", (file) => {
      setAt(file, "new.list[0].name", "a");
      setAt(file, "plain.now", "a map");
      setAt(file, '["dotted.key"]["inner key"]', "b");
    });

    expect(text).toBe(
      "config:\n  shop:plain:\n    now: a map\n  shop:new:\n    list:\n      - name: a\n  shop:dotted.key:\n    inner key: b\n",
    );
  });

  it.each([
    ["list[5]", "array index out of range"],
    ["list.name", "key for an array must be an int"],
    ["map[0]", "key for a map must be a string"],
    ["map.deep.a.b", "expected a map"],
    ["new[3]", "array index out of range"],
    ["new.secure", "reserved"],
  ])("refuses to set %s: %s", async (path, reason) => {
    const file = await read(commented);

    expect(() => setAt(file, path, "v")).toThrow(reason);
  });

  it("removes a setting, and the last one with its section", async () => {
    const text = await edited("encryptionsalt: s\nconfig:\n  shop:a: 1\n", (file) => file.remove("shop:a", []));

    expect(text).toBe("encryptionsalt: s\n");
  });

  it("takes the removal of what is not there for done", async () => {
    expect(await edited(commented, (file) => file.remove("shop:none", ["x"]))).toBe(commented);
  });

  it("knows a key in the long form of old releases", async () => {
    const text = await edited("config:\n  shop:config:a: 1\n", (file) => file.set("shop:a", [], 2));

    expect(text).toBe('config:\n  shop:config:a: "2"\n');
  });

  it("puts a new salt behind the settings that are there", async () => {
    expect(await edited("config:\n  shop:a: 1\n", (file) => file.setEncryptionSalt("v1:x"))).toBe(
      'config:\n  shop:a: "1"\nencryptionsalt: v1:x\n',
    );
  });

  it.each([
    ["config: [1]", "is not a stack's settings"],
    ["a: b: c", "is not YAML"],
    ["environment:\n  - prod", "Pulumi ESC"],
    ["secretsprovider: awskms://alias/x?token=hunter2", "names the secrets provider awskms, and"],
    ["config:\n  nokey", "is not a stack's settings"],
  ])("refuses %j: %s", async (text, reason) => {
    await expect(read(text)).rejects.toThrow(reason);
  });
});
