import path from "node:path";
import { format } from "oxfmt";
import { expect, test } from "vitest";
import { controls } from "@pulumi-line-bot/policy/controls";
import { securityGuide } from "@pulumi-line-bot/policy/guide";
import { suppressions } from "@pulumi-line-bot/policy/suppressions";
import { root } from "../../deploy/local-stack.ts";

test("docs/security.md says what is checked, and what is not (-u writes it)", async () => {
  const { code, errors } = await format("security.md", securityGuide(), { printWidth: 120 });

  expect(errors).toEqual([]);
  await expect(code).toMatchFileSnapshot(path.join(root, "docs/security.md"));
});

test("every control has a name of its own", () => {
  const ids = controls.map(({ id }) => id);

  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test("what is left out has a reason, a full sentence", () => {
  expect(suppressions.filter(({ reason }) => !/^[A-Z].{30,}\.$/.test(reason))).toEqual([]);
});
