import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  createApi,
  createAws,
  createCode,
  createFunction,
  createRole,
  createTempFolder,
  openAws,
  shareAws,
  toFunctionInputs,
  toPolicy,
  TYPES,
} from "./support/local-aws.ts";
import { UNKNOWN, unwrapSecret, type Properties } from "./support/provider-client.ts";

const aws = shareAws();
const code = "export const handler = async () => 1;";

describe("previews", () => {
  test("know the inputs of what is to be created, and nothing that AWS decides", async () => {
    const { inputs } = await aws.provider.check(TYPES.function, "f", await toFunctionInputs(aws, code));

    const { id, outputs } = await aws.provider.createChecked(TYPES.function, "f", inputs, true);

    expect(id).toBe("");
    expect(outputs).toMatchObject({ id: UNKNOWN, name: inputs["name"], memorySize: 128, tagsAll: {} });
    for (const name of ["arn", "version", "qualifiedArn", "codeSha256", "lastModified"])
      expect(outputs[name]).toBe(UNKNOWN);
  });

  test("make nothing", async () => {
    const { inputs } = await aws.provider.check(TYPES.logGroup, "unmade", {});
    await aws.provider.createChecked(TYPES.logGroup, "unmade", inputs, true);

    const found = await aws.provider.read({ type: TYPES.logGroup, name: "unmade", id: String(inputs["name"]) });

    expect(found).toBeUndefined();
  });

  test("make a version unknown when a function that publishes changes", async () => {
    const news = await toFunctionInputs(aws, code);
    const fn = await aws.provider.create(TYPES.function, "publishing", news);

    const changed = await aws.provider.update(fn, { ...news, timeout: 9 }, true);
    const tagged = await aws.provider.update(fn, { ...news, tags: { a: "b" } }, true);

    expect(changed.outputs).toMatchObject({ version: UNKNOWN, qualifiedArn: UNKNOWN, arn: fn.outputs["arn"] });
    expect(tagged.outputs).toMatchObject({ version: "1", qualifiedArn: fn.outputs["qualifiedArn"] });
  });
});

describe("functions", () => {
  test("have the outputs that AWS gives", async () => {
    const fn = await createFunction(aws, code, { name: "named", tags: { a: "b" } });
    const arn = "arn:aws:lambda:ap-northeast-1:000000000000:function:named";

    expect(fn.id).toBe("named");
    expect(fn.outputs).toMatchObject({
      arn,
      version: "1",
      qualifiedArn: `${arn}:1`,
      invokeArn: `arn:aws:apigateway:ap-northeast-1:lambda:path/2015-03-31/functions/${arn}/invocations`,
      architectures: ["x86_64"],
      ephemeralStorage: { size: 512 },
      loggingConfig: { logFormat: "Text", logGroup: "/aws/lambda/named" },
      tagsAll: { a: "b" },
    });
    const { hash } = fn.inputs["code"] as { hash: string };
    expect(fn.outputs["codeSha256"]).toBe(Buffer.from(hash, "hex").toString("base64"));
    expect(fn.outputs["sourceCodeHash"]).toBe(hash);
  });

  test("publish a version for other code or configuration, and none for tags alone", async () => {
    const news = await toFunctionInputs(aws, code);
    const first = await aws.provider.create(TYPES.function, "versions", news);
    const tagged = await aws.provider.update(first, { ...news, tags: { a: "b" } });
    const slower = await aws.provider.update(tagged, { ...news, timeout: 9 });
    const other = await aws.provider.update(slower, { ...news, timeout: 9, code: await createCode(`${code}//`) });

    expect([first, tagged, slower, other].map(({ outputs }) => outputs["version"])).toEqual(["1", "1", "2", "3"]);
  });

  test("stay at $LATEST when they do not publish", async () => {
    const fn = await createFunction(aws, code, { publish: false });

    expect(fn.outputs).toMatchObject({ version: "$LATEST" });
    expect(fn.outputs["qualifiedArn"]).toBe(`${String(fn.outputs["arn"])}:$LATEST`);
  });

  const refused: [string, Properties, RegExp][] = [
    ["another runtime", { runtime: "python3.14" }, /runs functions with nodejs24\.x only, not with python3\.14/],
    ["a role that is not there", { role: "arn:aws:iam::000000000000:role/none" }, /cannot be assumed by Lambda/],
    ["a reserved variable", { environment: { variables: { AWS_REGION: "x" } } }, /reserved keys.*AWS_REGION/],
    ["too many variables", { environment: { variables: { A: "x".repeat(5000) } } }, /4KB limit/],
  ];
  test.each(refused)("are refused with %s", async (_, more, message) => {
    await expect(createFunction(aws, code, more)).rejects.toThrow(message);
  });

  test("are refused where the zip is not the one that the program saw", async () => {
    const archive = await createCode(code);

    await expect(createFunction(aws, code, { code: { ...archive, hash: "0".repeat(64) } })).rejects.toThrow(
      /it changed meanwhile/,
    );
  });

  test("are refused where the zip is not there, with the path that was tried", async () => {
    const archive = await createCode(code);

    await expect(createFunction(aws, code, { code: { ...archive, path: "gone.zip" } })).rejects.toThrow(
      /Cannot read \/.*gone\.zip/,
    );
  });

  test("cannot have one name twice", async () => {
    await createFunction(aws, code, { name: "twice" });

    await expect(createFunction(aws, code, { name: "twice" })).rejects.toThrow(
      /creating aws_lambda_function .*ResourceConflictException/,
    );
  });
});

describe("the life of a resource", () => {
  test("reads what was made, keeps the program's inputs, and knows what is gone", async () => {
    const made = await aws.provider.create(TYPES.logGroup, "life", { retentionInDays: 14 });
    const read = await aws.provider.read(made);
    await aws.provider.delete(made);
    const gone = await aws.provider.read(made);
    await aws.provider.delete(made);

    expect(read).toEqual({ ...made, inputs: made.inputs });
    expect(gone).toBeUndefined();
  });

  test("imports by the id alone", async () => {
    const { api, stage, integration } = await createApi(aws, code);

    const importedApi = await aws.provider.read({ type: TYPES.api, name: "api", id: api.id });
    const importedStage = await aws.provider.read({ type: TYPES.stage, name: "s", id: `${api.id}/$default` });
    const importedIntegration = await aws.provider.read({
      type: TYPES.integration,
      name: "i",
      id: `${api.id}/${integration.id}`,
    });

    expect(importedApi?.inputs).toMatchObject({ protocolType: "HTTP", name: api.outputs["name"] });
    expect(importedStage).toMatchObject({ id: "$default", outputs: stage.outputs });
    expect(importedIntegration?.id).toBe(integration.id);
  });

  test("keeps what AWS decided through an update, and clears what the program took back", async () => {
    const policy = toPolicy({ Action: "*" });
    const made = await aws.provider.create(TYPES.role, "kept", { assumeRolePolicy: policy, description: "x" });

    const updated = await aws.provider.update(made, { assumeRolePolicy: policy, maxSessionDuration: 7200 });

    expect(updated.outputs).toMatchObject({ maxSessionDuration: 7200, uniqueId: made.outputs["uniqueId"] });
    expect(updated.outputs).not.toHaveProperty("description");
  });

  test("refuses to delete what is in use", async () => {
    const role = await createRole(aws);
    const { integration } = await createApi(aws, code);

    await expect(aws.provider.delete(role)).rejects.toThrow(/DeleteConflict/);
    await expect(aws.provider.delete(integration)).rejects.toThrow(/referenced by a Route/);
  });

  test("keeps a log group in the account when the program says so", async () => {
    const made = await aws.provider.create(TYPES.logGroup, "outlives", { skipDestroy: true });
    await aws.provider.delete(made);

    expect(await aws.provider.read(made)).toBeDefined();
  });

  test("appends a unique end to a prefix", async () => {
    const one = await aws.provider.create(TYPES.logGroup, "p", { namePrefix: "bot-" });
    const other = await aws.provider.create(TYPES.logGroup, "p", { namePrefix: "bot-" });

    expect(one.id).toMatch(/^bot-\d{18}[0-9a-f]{8}$/);
    expect(other.id).not.toBe(one.id);
  });

  test("refuses to make what nothing here would bring to life", async () => {
    const type = "aws:route53/record:Record";
    const { inputs } = await aws.provider.check(type, "r", { name: "a", type: "A", zoneId: "z" });

    await expect(aws.provider.createChecked(type, "r", inputs)).rejects.toThrow(/cannot make aws:route53/);
  });
});

const unserved: [string, string, Properties, RegExp][] = [
  ["a WebSocket API", TYPES.api, { protocolType: "WEBSOCKET" }, /protocolType HTTP only/],
  ["an API from a document", TYPES.api, { protocolType: "HTTP", body: "{}" }, /without body/],
  ["a stage without automatic deployment", TYPES.stage, { name: "s" }, /autoDeploy true only/],
  ["payload format 1.0", TYPES.integration, { integrationType: "AWS_PROXY" }, /payloadFormatVersion 2\.0 only/],
  ["an HTTP integration", TYPES.integration, { integrationType: "HTTP_PROXY" }, /integrationType AWS_PROXY only/],
  ["a malformed route key", TYPES.route, { routeKey: "webhook" }, /not formatted properly/],
  ["an authorizer", TYPES.route, { routeKey: "GET /", authorizationType: "JWT" }, /authorizationType NONE only/],
  ["a route to nothing", TYPES.route, { routeKey: "GET /", target: "integrations/none" }, /Unable to find Integration/],
];
test.each(unserved)("refuses %s, which it would not serve", async (_, type, news, message) => {
  const api = await aws.provider.create(TYPES.api, "api", { protocolType: "HTTP" });
  const inputs = type === TYPES.api ? news : { apiId: api.id, ...news };

  await expect(aws.provider.create(type, "x", inputs)).rejects.toThrow(message);
});

describe("secrets", () => {
  test("mark a value as secret on its way out", async () => {
    const secret = await aws.provider.create(TYPES.secret, "marked", {});
    const version = await aws.provider.create(TYPES.secretVersion, "v", { secretId: secret.id, secretString: "hush" });
    const read = await aws.provider.read(version);

    expect(unwrapSecret(version.outputs["secretString"])).toBe("hush");
    expect(unwrapSecret(read?.outputs["secretString"])).toBe("hush");
  });

  test("never give a write-only value back", async () => {
    const secret = await aws.provider.create(TYPES.secret, "written", {});
    const version = await aws.provider.create(TYPES.secretVersion, "v", {
      secretId: secret.id,
      secretStringWo: "hush",
      secretStringWoVersion: 1,
    });

    expect(JSON.stringify([version.outputs, (await aws.provider.read(version))?.outputs])).not.toContain("hush");
    expect(version.outputs["hasSecretStringWo"]).toBe(true);
  });

  test("keep the name of a secret that waits for its deletion", async () => {
    const secret = await aws.provider.create(TYPES.secret, "waiting", { name: "waiting" });
    await aws.provider.delete(secret);

    expect(await aws.provider.read(secret)).toBeUndefined();
    await expect(aws.provider.create(TYPES.secret, "waiting", { name: "waiting" })).rejects.toThrow(
      /already scheduled for deletion/,
    );
  });

  test("free the name of a secret at once without a recovery window, under another ARN", async () => {
    const news = { name: "brief", recoveryWindowInDays: 0 };
    const secret = await aws.provider.create(TYPES.secret, "brief", news);
    await aws.provider.delete(secret);

    const again = await aws.provider.create(TYPES.secret, "brief", news);

    expect(again.id).toMatch(/:secret:brief-[A-Za-z0-9]{6}$/);
    expect(again.id).not.toBe(secret.id);
  });

  test("go at once after their window was taken away in place", async () => {
    const secret = await aws.provider.create(TYPES.secret, "window", { name: "window" });
    const updated = await aws.provider.update(secret, { name: "window", recoveryWindowInDays: 0 });
    await aws.provider.delete(updated);

    const again = await aws.provider.create(TYPES.secret, "window", { name: "window" });

    expect(again.id).not.toBe(secret.id);
  });
});

test("everything is there again after a restart", async () => {
  const first = await createAws();
  const { api, fn, permission, stage } = await createApi(first, code);
  await first.close();

  const second = await createAws({ dataDir: first.dataDir });

  for (const made of [api, fn, permission, stage])
    expect((await second.provider.read(made))?.outputs).toEqual(made.outputs);
});

test("a folder that cannot be written is reported by its name", async () => {
  const file = join(await createTempFolder(), "file");
  await writeFile(file, "");

  await expect(openAws({ dataDir: join(file, "data") })).rejects.toThrow(/Cannot write to .*file\/data/);
});
