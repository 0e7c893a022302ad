import { describe, expect, test } from "vitest";
import { shareAws, toPolicy, TYPES } from "./support/local-aws.ts";
import { toArchive, UNKNOWN, type Properties } from "./support/provider-client.ts";

const aws = shareAws();

const role = "arn:aws:iam::000000000000:role/bot";
const fn = { code: toArchive("code.zip"), handler: "index.handler", runtime: "nodejs24.x", role };

describe("check", () => {
  test("makes up a name, fills defaults in and lists both", async () => {
    const { inputs, failures } = await aws.provider.check(TYPES.function, "bot", fn);

    expect(failures).toEqual([]);
    expect(inputs["name"]).toMatch(/^bot-[0-9a-f]{7}$/);
    expect(inputs).toMatchObject({
      memorySize: 128,
      timeout: 3,
      packageType: "Zip",
      reservedConcurrentExecutions: -1,
      region: "ap-northeast-1",
      tagsAll: {},
      __defaults: ["name", "memorySize", "packageType", "reservedConcurrentExecutions", "timeout"],
    });
    // Defaults that are false hold without being written down.
    expect(inputs).not.toHaveProperty("publish");
  });

  test("makes the same name for the same seed, and keeps the one that was made before", async () => {
    const first = await aws.provider.check(TYPES.logGroup, "log", {}, { seed: "one" });
    const again = await aws.provider.check(TYPES.logGroup, "log", {}, { seed: "one" });
    const later = await aws.provider.check(TYPES.logGroup, "log", {}, { seed: "two", olds: first.inputs });

    expect(again.inputs["name"]).toBe(first.inputs["name"]);
    expect(later.inputs["name"]).toBe(first.inputs["name"]);
  });

  test("keeps a made-up name after a refresh, which loses the list of defaults", async () => {
    const { inputs } = await aws.provider.check(TYPES.logGroup, "log", {});
    const { __defaults: _, ...olds } = inputs;

    const later = await aws.provider.check(TYPES.logGroup, "log", {}, { seed: "other", olds });

    expect(later.inputs["name"]).toBe(inputs["name"]);
  });

  test("makes no name where a prefix is given", async () => {
    const { inputs } = await aws.provider.check(TYPES.logGroup, "log", { namePrefix: "bot-" });

    expect(inputs).not.toHaveProperty("name");
  });

  test("takes the engine's name when it proposes one, and none when it disables naming", async () => {
    const proposed = await aws.provider.check(
      TYPES.logGroup,
      "log",
      {},
      { autonaming: { mode: "enforce", proposedName: "mine" } },
    );
    const disabled = await aws.provider.check(
      TYPES.logGroup,
      "log",
      {},
      { autonaming: { mode: "disable", proposedName: "" } },
    );

    expect(proposed.inputs["name"]).toBe("mine");
    expect(disabled.inputs).not.toHaveProperty("name");
  });

  test("adds prefix and suffix to the names that need them", async () => {
    const queue = await aws.provider.check("aws:sqs/queue:Queue", "q", { fifoQueue: true });
    const key = await aws.provider.check("aws:kms/alias:Alias", "key", { targetKeyId: "1" });

    expect(queue.inputs["name"]).toMatch(/^q-[0-9a-f]{7}\.fifo$/);
    expect(key.inputs["name"]).toMatch(/^alias\/key-[0-9a-f]{7}$/);
  });

  test("lists nested defaults in the nested object", async () => {
    const { inputs } = await aws.provider.check(TYPES.function, "bot", {
      ...fn,
      durableConfig: { executionTimeout: 10 },
    });

    expect(inputs["durableConfig"]).toEqual({
      executionTimeout: 10,
      retentionPeriod: 14,
      __defaults: ["retentionPeriod"],
    });
  });

  test("reads numbers and flags that come as text", async () => {
    const { inputs, failures } = await aws.provider.check(TYPES.function, "bot", {
      ...fn,
      memorySize: "512",
      publish: "true",
      environment: { variables: { PORT: 80 } },
    });

    expect(failures).toEqual([]);
    expect(inputs).toMatchObject({ memorySize: 512, publish: true, environment: { variables: { PORT: "80" } } });
  });

  test("accepts unknown values wherever they stand", async () => {
    const { failures } = await aws.provider.check(TYPES.function, "bot", {
      ...fn,
      role: UNKNOWN,
      memorySize: UNKNOWN,
      environment: { variables: UNKNOWN },
      tags: UNKNOWN,
    });

    expect(failures).toEqual([]);
  });

  test("takes its own inputs back", async () => {
    const first = await aws.provider.check(TYPES.function, "bot", { ...fn, tags: { a: "b" } });

    const again = await aws.provider.check(TYPES.function, "bot", first.inputs, { olds: first.inputs });

    expect(again.failures).toEqual([]);
  });

  test("marks what is secret by nature", async () => {
    const { inputs } = await aws.provider.check(TYPES.secretVersion, "v", { secretId: "s", secretString: "hush" });

    expect(inputs["secretString"]).toMatchObject({ value: "hush" });
    expect(inputs["secretId"]).toBe("s");
  });

  const failing: [string, string, Properties, RegExp][] = [
    ["an unknown property", TYPES.function, { ...fn, memory: 1 }, /unknown key.*'x\.memory'/],
    ["an unknown nested property", TYPES.function, { ...fn, environment: { vars: {} } }, /'x\.environment\.vars'/],
    ["a missing property", TYPES.function, { ...fn, role: undefined }, /Missing required argument.*"role".*'x\.role'/],
    ["a missing nested property", TYPES.function, { ...fn, loggingConfig: {} }, /'x\.loggingConfig\.logFormat'/],
    ["a number out of range", TYPES.function, { ...fn, memorySize: 64 }, /\(128 - 32768\), got 64.*'x\.memorySize'/],
    [
      "a value outside an enum",
      TYPES.logGroup,
      { retentionInDays: 2 },
      /expected one of \[0, 1, 3.*'x\.retentionInDays'/,
    ],
    ["a value of another type", TYPES.function, { ...fn, timeout: "soon" }, /expected number, got string/],
    ["text in place of a list", TYPES.function, { ...fn, layers: "a" }, /expected a list, got string/],
    ["a list in place of a map", TYPES.function, { ...fn, tags: ["a"] }, /expected a map, got a list/],
    ["too many items", TYPES.function, { ...fn, architectures: ["arm64", "x86_64"] }, /0 to 1 items, got 2/],
    ["a wrong item", TYPES.function, { ...fn, architectures: ["mips"] }, /'x\.architectures\[0\]'/],
    ["a name that breaks the pattern", TYPES.function, { ...fn, name: "a b" }, /does not match.*'x\.name'/],
    ["no ARN", TYPES.function, { ...fn, role: "bot" }, /invalid ARN/],
    ["two of one kind", TYPES.function, { ...fn, imageUri: "a" }, /only one of \["code", "imageUri", "s3Bucket"\]/],
    ["none of a kind", TYPES.function, { ...fn, code: undefined }, /one of .* must be specified/],
    ["properties in conflict", TYPES.logGroup, { name: "a", namePrefix: "b" }, /"name": conflicts with namePrefix/],
    ["half of a pair", TYPES.secretVersion, { secretId: "a", secretStringWo: "b" }, /secretStringWoVersion/],
    ["a policy that is no JSON", TYPES.role, { assumeRolePolicy: "allow" }, /invalid JSON policy/],
    ["a policy that is no object", TYPES.role, { assumeRolePolicy: "[]" }, /invalid JSON policy/],
    [
      "a window between the allowed ones",
      TYPES.secret,
      { recoveryWindowInDays: 3 },
      /0 or a value in the range \(7 - 30\)/,
    ],
  ];
  test.each(failing)("refuses %s", async (_, type, news, message) => {
    const given = Object.fromEntries(Object.entries(news).filter(([, value]) => value !== undefined));

    const { failures } = await aws.provider.check(type, "x", given);

    expect(failures.join("\n")).toMatch(message);
  });

  test("refuses a logical name that leaves no room for a made-up end", async () => {
    const { failures } = await aws.provider.check(TYPES.function, "x".repeat(60), fn);

    expect(failures.join()).toMatch(/68 characters, at most 64 are allowed/);
  });

  test("says the value of no secret in a failure about another property", async () => {
    const { failures } = await aws.provider.check(TYPES.secretVersion, "v", { secretString: "hush", wrong: 1 });

    expect(failures.length).toBeGreaterThan(0);
    expect(failures.join()).not.toContain("hush");
  });

  test("refuses a type that it does not know", async () => {
    await expect(aws.provider.check("aws:ec2/vpc:Vpc", "b", {})).rejects.toThrow(/aws:ec2\/vpc:Vpc/);
  });
});

describe("configuration", () => {
  test("answers as the real provider: previews, engine naming, but no marks of secrets, resources or outputs", async () => {
    expect(await aws.provider.configure()).toEqual({
      acceptsecrets: false,
      supportspreview: true,
      acceptresources: false,
      acceptoutputs: false,
      supportsAutonamingConfiguration: true,
    });
  });

  test("accepts the provider's own properties and refuses others", async () => {
    const good = await aws.provider.checkConfig({
      region: "ap-northeast-1",
      skipCredentialsValidation: "true",
      allowedAccountIds: '["000000000000"]',
      endpoints: '[{"lambda":"http://localhost"}]',
      version: "7.48.0",
    });
    const bad = await aws.provider.checkConfig({ regoin: "ap-northeast-1" });

    expect(good.failures).toEqual([]);
    expect(bad.failures.join()).toContain('"regoin"');
  });

  test.each([
    ["an account outside allowedAccountIds", { allowedAccountIds: '["111111111111"]' }],
    ["a forbidden account", { forbiddenAccountIds: ["000000000000"] }],
  ])("refuses to work for %s", async (_, config) => {
    await expect(aws.provider.configure({ region: "ap-northeast-1", ...config })).rejects.toThrow(
      /AWS account ID not allowed: 000000000000/,
    );
  });

  test("asks for a region, and refuses what is none", async () => {
    await expect(aws.provider.configure({})).rejects.toThrow(/pulumi config set aws:region/);
    await expect(aws.provider.configure({ region: "tokyo" })).rejects.toThrow(/invalid AWS Region: tokyo/);
  });

  test("merges default tags under a resource's own, without those to ignore", async () => {
    await aws.provider.configure({
      region: "eu-west-1",
      defaultTags: JSON.stringify({ tags: { project: "bot", owner: "us", "aws-x": "1" } }),
      ignoreTags: JSON.stringify({ keyPrefixes: ["aws-"] }),
    });

    const { inputs } = await aws.provider.check(TYPES.logGroup, "log", { tags: { owner: "me" } });
    await aws.provider.configure();

    expect(inputs).toMatchObject({ region: "eu-west-1", tagsAll: { project: "bot", owner: "me" } });
    expect(inputs["tagsAll"]).not.toHaveProperty("aws-x");
  });

  test("updates the provider when its configuration changes", async () => {
    const { changes, diffsList, replacesList } = await aws.provider.diffConfig({ region: "a" }, { region: "b" });

    expect({ changes, diffsList, replacesList }).toEqual({ changes: 2, diffsList: ["region"], replacesList: [] });
  });
});

describe("functions", () => {
  test("tell the account, the region and the partition", async () => {
    const identity = await aws.provider.invoke("aws:index/getCallerIdentity:getCallerIdentity");
    const region = await aws.provider.invoke("aws:index/getRegion:getRegion");
    const partition = await aws.provider.invoke("aws:index/getPartition:getPartition");

    expect(identity).toMatchObject({ accountId: "000000000000", id: "000000000000" });
    expect(region).toMatchObject({
      region: "ap-northeast-1",
      name: "ap-northeast-1",
      description: "Asia Pacific (Tokyo)",
    });
    expect(partition).toEqual({
      id: "aws",
      partition: "aws",
      dnsSuffix: "amazonaws.com",
      reverseDnsPrefix: "com.amazonaws",
    });
  });

  test("refuse a region that is none", async () => {
    await expect(aws.provider.invoke("aws:index/getRegion:getRegion", { region: "mars-1" })).rejects.toThrow(/mars-1/);
  });

  test("render a policy document to the byte", async () => {
    const { json, id } = await aws.provider.invoke("aws:iam/getPolicyDocument:getPolicyDocument", {
      statements: [
        {
          actions: ["sts:AssumeRole"],
          principals: [{ type: "Service", identifiers: ["lambda.amazonaws.com"] }],
        },
      ],
    });

    expect(json).toBe(
      JSON.stringify(
        {
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "lambda.amazonaws.com" } }],
        },
        null,
        2,
      ),
    );
    expect(id).toBe("2690255455");
  });

  test("render lists in descending order, conditions by name, and merge documents by Sid", async () => {
    const { minifiedJson } = await aws.provider.invoke("aws:iam/getPolicyDocument:getPolicyDocument", {
      sourcePolicyDocuments: [JSON.stringify({ Statement: [{ Sid: "a", Effect: "Deny" }] })],
      statements: [
        {
          sid: "a",
          actions: ["s3:GetObject", "s3:PutObject"],
          resources: ["arn:aws:s3:::b/&{aws:username}"],
          conditions: [
            { test: "StringLike", variable: "z", values: ["<1>"] },
            { test: "StringEquals", variable: "y", values: ["1", "2"] },
          ],
        },
      ],
    });

    expect(minifiedJson).toBe(
      String.raw`{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":["s3:PutObject","s3:GetObject"],"Resource":"arn:aws:s3:::b/` +
        "${aws:username}" +
        String.raw`","Condition":{"StringEquals":{"y":["1","2"]},"StringLike":{"z":"\u003c1\u003e"}}}]}`,
    );
  });

  test("refuse two statements of one Sid", async () => {
    const statements = [
      { sid: "a", actions: ["*"] },
      { sid: "a", actions: ["*"] },
    ];

    await expect(aws.provider.invoke("aws:iam/getPolicyDocument:getPolicyDocument", { statements })).rejects.toThrow(
      /duplicate Sid/,
    );
  });
});

test("a policy document from the program passes the check", async () => {
  const { failures } = await aws.provider.check(TYPES.role, "r", { assumeRolePolicy: toPolicy({ Action: "*" }) });

  expect(failures).toEqual([]);
});
