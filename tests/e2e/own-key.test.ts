import { appendFile, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { devChannel } from "@pulumi-line-bot/line-simulator/seed";
import { makeInstalledClone } from "../support/clone.ts";
import { deploy } from "./deployed.ts";

const keyArn = "arn:aws:kms:ap-northeast-1:000000000000:key/6d5f1a40-1c4e-4a55-9d55-6a1a0f0c2b11";

let clone: Awaited<ReturnType<typeof makeInstalledClone>>;
let bot: Awaited<ReturnType<typeof deploy>>;

beforeAll(async () => {
  clone = await makeInstalledClone();
  bot = await deploy({ projectDir: clone.path, config: { "line:credentialsKey": keyArn } });
}, 300_000);
afterAll(async () => {
  await bot[Symbol.asyncDispose]();
  await clone[Symbol.asyncDispose]();
});

/** New code, and with it functions that have not read the secret yet. */
async function deployAnew(): Promise<{ result: string; said: string }> {
  for (const entry of ["webhook", "worker"])
    await appendFile(path.join(clone.path, "functions", `${entry}.ts`), "\nprocess.title = process.title;\n");
  const said: string[] = [];
  const { result } = await bot.operate("up", {
    configOverrides: { "line:apiUrl": bot.cloud.line.url, "line:credentialsKey": keyArn },
    onEvent: ({ diagnosticEvent }) => void (diagnosticEvent && said.push(diagnosticEvent.message)),
  });
  return { result, said: said.join("\n") };
}

test("a bot answers whose secret a key of one's own encrypts", async () => {
  expect((await bot.post(JSON.stringify({ destination: devChannel.userId, events: [] }))).status).toBe(200);
});

test("without the grant no version goes live, and with it the next one does", { timeout: 300_000 }, async () => {
  const file = path.join(clone.path, "infra/credentials-key.ts");
  const granted = await readFile(file, "utf8");
  await writeFile(file, granted.replace("return [read, decrypt];", "return [read];"));

  const refused = await deployAnew();
  expect(refused.result).toBe("failed");
  expect(refused.said).toMatch(/does not answer|503|AccessDenied/);

  await writeFile(file, granted);
  expect(await deployAnew()).toMatchObject({ result: "succeeded" });
});
