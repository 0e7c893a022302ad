/** What a deployment proves before it says that it is done. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { LambdaClient, UpdateAliasCommand } from "@aws-sdk/client-lambda";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { examine } from "../../deploy/doctor/examine.ts";
import { localStack, toTarget } from "../../deploy/local-stack.ts";
import { pulumiFor } from "../../deploy/pulumi-command.ts";
import type { AwsTrace } from "../../local/aws/aws.ts";
import { devChannel } from "../../local/line/seed.ts";
import { makeInstalledClone } from "../support/clone.ts";
import { deploy } from "./deployed.ts";

const credulous = "export const handler = async () => ({ statusCode: 200 });\n";

let clone: Awaited<ReturnType<typeof makeInstalledClone>>;
let bot: Awaited<ReturnType<typeof deploy>>;
let lambda: LambdaClient;
const traces: AwsTrace[] = [];

beforeAll(async () => {
  clone = await makeInstalledClone();
  bot = await deploy({ projectDir: clone.path, onTrace: (trace) => traces.push(trace) });
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  lambda = new LambdaClient({ endpoint: bot.cloud.aws.endpointUrl, region: "ap-northeast-1", credentials });
}, 60_000);
afterAll(async () => {
  lambda.destroy();
  await bot[Symbol.asyncDispose]();
  await clone[Symbol.asyncDispose]();
});

const output = (name: string) => v.parse(v.string(), bot.outputs[name]);

async function examineBot() {
  const target = toTarget(bot.cloud);
  const pulumi = pulumiFor(target);
  const world = { stack: localStack, target, pulumi, lineTest: false, drift: false, build: false };
  const { diagnoses } = await examine(world, () => {});
  return diagnoses;
}

async function up(configOverrides: Record<string, string> = {}) {
  const said: string[] = [];
  const { result } = await bot.operate("up", {
    configOverrides: { "line:apiUrl": bot.cloud.line.url, ...configOverrides },
    onEvent: ({ diagnosticEvent }) => void (diagnosticEvent && said.push(diagnosticEvent.message)),
  });
  return { result, said: said.join("\n") };
}

const ping = JSON.stringify({ destination: devChannel.userId, events: [] });

test("the forged webhooks of a deployment and of a doctor are three each, and no attack", async () => {
  const refused = () => traces.filter((trace) => trace.kind === "log" && /"status":401/.test(trace.message)).length;
  const ofDeployment = refused();

  await examineBot();

  expect([ofDeployment, refused()]).toEqual([3, 6]);
});

describe("a handler that checks no signature", () => {
  beforeAll(() => writeFile(path.join(clone.path, "functions", "webhook.ts"), credulous));

  test("is not proved and does not go live", async () => {
    const { result, said } = await up();

    expect(result).toBe("failed");
    expect(said).toMatch(/Version 2 of the function takes a webhook with the signature of another body/);
    expect((await bot.send("POST", "/webhook", ping)).status).toBe(401);
    expect((await bot.post(ping)).status).toBe(200);
  });

  test("is found by the doctor where it is live all the same", async () => {
    const move = (FunctionVersion: string) =>
      lambda.send(new UpdateAliasCommand({ FunctionName: output("functionName"), Name: "live", FunctionVersion }));
    await move("2");

    const diagnoses = await examineBot();
    await move("1");

    expect(diagnoses.find(({ link }) => link === "Answers in time")?.status).toBe("ok");
    expect(diagnoses.find(({ link }) => link === "Refuses forgeries")).toMatchObject({
      status: "failed",
      says: expect.stringMatching(
        /Anyone can speak to the bot.*the signature of another body is answered with 200.*no signature.*another secret/,
      ),
    });
  });
});
