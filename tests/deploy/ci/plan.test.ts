import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeInstalledClone } from "../../support/clone.ts";
import { runScript } from "./script.ts";

/** A clone whose preview says what the test wants. */
let clone: Awaited<ReturnType<typeof makeInstalledClone>>;
beforeAll(async () => {
  clone = await makeInstalledClone();
  const stub = `process.stdout.write(process.env.PREVIEW_SAYS + process.argv.slice(2).join(" "));
process.exitCode = Number(process.env.PREVIEW_ENDS ?? 0);
`;
  await writeFile(path.join(clone.path, "deploy/stack.ts"), stub);
}, 60_000);
afterAll(() => clone[Symbol.asyncDispose]());

const plan = (says: string, ends = "0") =>
  runScript("plan.ts", { args: ["prod"], cwd: clone.path, env: { PREVIEW_SAYS: says, PREVIEW_ENDS: ends } });

test("shows the plan on the run's page, as nothing but text, and hands its fingerprint on", async () => {
  const { code, output, summary } = await plan(
    "~ bot update\n```\n# not a title\nFingerprint: 0123abcd-4567ef01-89abcdef-01234567\n",
  );

  expect(code).toBe(0);
  expect(output).toBe("fingerprint=0123abcd-4567ef01-89abcdef-01234567\n");
  expect(summary).toMatch(/````\n~ bot update\n```\n# not a title\n[^]*preview prod --diff\n````/);
});

test.each([
  ["a plan that fails", "error: the pin is of another artifact\n", "1"],
  ["a plan without a fingerprint", "nothing\n", "0"],
  ["a fingerprint of another form", "Fingerprint: x; rm -rf /\n", "0"],
])("%s approves nothing", async (_what, says, ends) => {
  const { code, output, summary } = await plan(says, ends);

  expect(code).toBe(1);
  expect(output).toBe("");
  expect(summary).toContain(says.trim());
});

test("the plan is the stack's own preview", { timeout: 120_000 }, async () => {
  await using real = await makeInstalledClone();
  const bin = path.join(real.path, ".bin");
  await mkdir(bin);
  await writeFile(path.join(bin, "pulumi"), `#!/bin/sh\necho "$@" >&2\nexit 3\n`);
  await chmod(path.join(bin, "pulumi"), 0o755);

  const { code, stderr, output } = await runScript("plan.ts", {
    args: ["prod"],
    cwd: real.path,
    env: { PATH: `${bin}:${process.env["PATH"]}` },
  });

  expect(stderr).toMatch(/^preview --stack prod --diff$/m);
  expect(code).toBe(3);
  expect(output).toBe("");
});
