import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { root } from "../../../deploy/local-stack.ts";
import { readPin, withoutPin, withPin } from "../../../deploy/promotion/pin-file.ts";

const first = { artifact: "1".repeat(64), commit: "2".repeat(40) };
const second = { artifact: "0e1".repeat(21) + "0", commit: "3".repeat(40) };
const stackFile = await readFile(path.join(root, "Pulumi.prod.yaml"), "utf8");

test("a promotion is two more lines in the stack's file, and the next one changes just these", () => {
  const bare = withoutPin(stackFile);

  const once = withPin(bare, first);
  const twice = withPin(once, second);

  expect(once).toBe(`${bare}  line-bot:artifact: "${first.artifact}"\n  line-bot:commit: "${first.commit}"\n`);
  expect(twice).toBe(`${bare}  line-bot:artifact: "${second.artifact}"\n  line-bot:commit: "${second.commit}"\n`);
  expect(readPin(twice)).toEqual(second);
});

test("comments, order, quotes and ciphertexts stay as they are", () => {
  const text = [
    "# Whose file this is.",
    "encryptionsalt: v1:abc=:v1:def:ghi==",
    "config:",
    "  # Where it runs.",
    "  aws:region: ap-northeast-1 # Tokyo",
    "  aws:allowedAccountIds:",
    '    - "012345678901"',
    "",
    '  line-bot:artifact: "4444444444444444444444444444444444444444444444444444444444444444"',
    "  line:channelSecret:",
    "    secure: v1:xyz",
    "  line-bot:logRetentionDays: '365'",
    "",
  ].join("\n");

  const pinned = withPin(text, { ...first, commit: undefined });

  expect(pinned).toBe(text.replace("4".repeat(64), first.artifact));
});

test("a file without a pin has none, and one without settings gets them", () => {
  expect(readPin("")).toBeUndefined();
  expect(readPin(withPin("", first))).toEqual(first);
});
