import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type PulumiCommand, pulumiText } from "../../deploy/pulumi-command.ts";
import { root } from "../../deploy/local-stack.ts";
import { readSettings } from "../../deploy/stack-settings.ts";

/** A project with a stack `dev`, kept by the embedded engine. */
async function createStack(): Promise<PulumiCommand> {
  const cwd = await mkdtemp(path.join(tmpdir(), "settings-"));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  await writeFile(path.join(cwd, "Pulumi.yaml"), "name: bot\nruntime: nodejs\n");
  const env = { ...process.env, PULUMI_BACKEND_URL: `file://${cwd}`, PULUMI_CONFIG_PASSPHRASE: "guards nothing" };
  const pulumi = { name: "pulumi", file: path.join(root, "packages", "pulumi-engine", "bin", "pulumi"), env, cwd };
  await pulumiText(pulumi, ["stack", "init", "dev"]);
  return pulumi;
}

const set = (pulumi: PulumiCommand, ...args: string[]) => pulumiText(pulumi, ["config", "set", ...args, "-s", "dev"]);

describe("what the commands around the program know of a stack", () => {
  test("how the stack reaches AWS, with the keys that its configuration holds encrypted", async () => {
    const pulumi = await createStack();
    await set(pulumi, "aws:region", "ap-northeast-1");
    await set(pulumi, "aws:accessKey", "AKIAEXAMPLE");
    await set(pulumi, "aws:secretKey", "of the stack", "--secret");
    await set(pulumi, "--path", "aws:assumeRoles[0].roleArn", "arn:aws:iam::123456789012:role/deploy");
    await set(pulumi, "--path", "aws:assumeRoles[0].externalId", "of the role", "--secret");

    const { aws, region } = await readSettings(pulumi, "dev", undefined);

    expect(region).toBe("ap-northeast-1");
    expect(aws).toMatchObject({
      accessKey: "AKIAEXAMPLE",
      secretKey: "of the stack",
      assumeRoles: [{ roleArn: "arn:aws:iam::123456789012:role/deploy", externalId: "of the role" }],
    });
  });

  test("of the channel's secrets only whether there are any: none is decrypted", async () => {
    const pulumi = await createStack();
    await set(pulumi, "line:channelId", "2000000001");
    await set(pulumi, "line:channelAccessToken", "token", "--secret");
    const locked = { ...pulumi, env: { ...pulumi.env, PULUMI_CONFIG_PASSPHRASE: "another" } };

    const settings = await readSettings(locked, "dev", undefined);

    expect(settings).toMatchObject({ channelId: "2000000001", hasAccessToken: true });
    expect(JSON.stringify(settings)).not.toContain("token");
  });
});
