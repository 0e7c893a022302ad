import {
  GetAliasCommand,
  LambdaClient,
  ListVersionsByFunctionCommand,
  UpdateAliasCommand,
} from "@aws-sdk/client-lambda";
import { expect, onTestFinished, test } from "vitest";
import { toOwnerConfig } from "./support/owner-config.ts";
import { invoke } from "./support/aws-requests.ts";
import { createCode, createFunction, shareAws, TYPES } from "./support/local-aws.ts";

const aws = shareAws();

function createClient(): LambdaClient {
  const client = new LambdaClient(toOwnerConfig(aws.aws));
  onTestFinished(() => client.destroy());
  return client;
}

const saying = (word: string) => `export const handler = async () => ({ word: ${JSON.stringify(word)} });`;

/** A function with two versions, and an alias that stands for the second. */
async function createTwoVersions() {
  const fn = await createFunction(aws, saying("one"), { publish: true });
  const inputs = { ...fn.inputs, code: await createCode(saying("two")) };
  const { outputs } = await aws.provider.update(fn, inputs);
  const alias = await aws.provider.create(TYPES.alias, "live", {
    name: "live",
    functionName: fn.id,
    functionVersion: "2",
  });
  return { name: fn.id, one: fn.outputs["codeSha256"], two: outputs["codeSha256"], alias };
}

test("an alias is moved to another version, which answers from then on, and a refresh sees it", async () => {
  const { name, alias } = await createTwoVersions();
  const client = createClient();
  const of = { FunctionName: name, Name: "live" };
  expect((await invoke(aws, `${name}:live`, {})).body).toEqual({ word: "two" });

  const updated = await client.send(new UpdateAliasCommand({ ...of, FunctionVersion: "1" }));

  expect(updated).toMatchObject({ AliasArn: alias.id, Name: "live", FunctionVersion: "1" });
  expect(await client.send(new GetAliasCommand(of))).toMatchObject({ AliasArn: alias.id, FunctionVersion: "1" });
  expect((await invoke(aws, `${name}:live`, {})).body).toEqual({ word: "one" });
  expect((await aws.provider.read(alias))?.outputs).toMatchObject({ functionVersion: "1" });
});

test("versions are listed with the digests of their code", async () => {
  const { name, one, two } = await createTwoVersions();

  const { Versions = [] } = await createClient().send(new ListVersionsByFunctionCommand({ FunctionName: name }));

  expect(Versions.map(({ Version, CodeSha256 }) => [Version, CodeSha256])).toEqual([
    ["$LATEST", two],
    ["1", one],
    ["2", two],
  ]);
});

test.each([
  ["another alias", { Name: "other" }, "ResourceNotFoundException"],
  ["another function", { FunctionName: "none" }, "ResourceNotFoundException"],
  ["a version that there is not", { FunctionVersion: "9" }, "ResourceNotFoundException"],
  ["weights", { RoutingConfig: { AdditionalVersionWeights: { 1: 0.5 } } }, "UnknownOperationException"],
])("%s is refused, and nothing moves", async (_what, change, error) => {
  const { name } = await createTwoVersions();
  const client = createClient();
  const of = { FunctionName: name, Name: "live" };

  const update = client.send(new UpdateAliasCommand({ ...of, FunctionVersion: "1", ...change }));

  await expect(update).rejects.toMatchObject({ name: error });
  expect(await client.send(new GetAliasCommand(of))).toMatchObject({ FunctionVersion: "2" });
});
