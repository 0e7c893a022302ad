import { describe, expect, test } from "vitest";
import { createCode, createRole, shareAws, toPolicy, TYPES } from "./support/local-aws.ts";
import { UNKNOWN, type Made, type Properties } from "./support/provider-client.ts";

const aws = shareAws();
const code = "export const handler = async () => 1;";

async function createFunction(more: Properties = {}): Promise<{ fn: Made; news: Properties }> {
  const role = await createRole(aws);
  const news = {
    code: await createCode(code),
    handler: "index.handler",
    runtime: "nodejs24.x",
    role: role.outputs["arn"],
    ...more,
  };
  return { fn: await aws.provider.create(TYPES.function, `fn${++count}`, news), news };
}
let count = 0;

describe("diff", () => {
  test("sees nothing where nothing changed", async () => {
    const { fn, news } = await createFunction({ publish: true, tags: { a: "b" } });

    expect(await aws.provider.diff(fn, news)).toMatchObject({ changes: false, diffs: [], replaces: [], detailed: {} });
  });

  test("sees nothing where a value is what the default would be, or as empty as nothing", async () => {
    const { fn, news } = await createFunction();

    const { changes } = await aws.provider.diff(fn, {
      ...news,
      timeout: 3,
      publish: false,
      description: "",
      tags: {},
      layers: [],
    });

    expect(changes).toBe(false);
  });

  test("tells an update place by place", async () => {
    const { fn, news } = await createFunction({
      environment: { variables: { A: "1", B: "2", "with space": "x" } },
      timeout: 5,
      description: "old",
    });

    const { timeout: _, description: __, ...rest } = news;
    const difference = await aws.provider.diff(fn, {
      ...rest,
      environment: { variables: { A: "1", B: "3", C: "4" } },
      memorySize: 256,
      tags: { a: "b" },
    });

    expect(difference.replaces).toEqual([]);
    expect(difference.detailed).toEqual({
      "environment.variables.B": "update",
      "environment.variables.C": "add",
      'environment.variables["with space"]': "delete",
      timeout: "update",
      description: "delete",
      memorySize: "update",
      tags: "add",
      tagsAll: "add",
    });
  });

  test("replaces for a change that cannot be made in place, and lists what stays", async () => {
    const { fn, news } = await createFunction();

    const difference = await aws.provider.diff(fn, { ...news, name: "other" });

    expect(difference).toMatchObject({ replaces: ["name"], detailed: { name: "update-replace" } });
    expect(difference.stables).toContain("packageType");
    for (const name of ["name", "timeout"]) expect(difference.stables).not.toContain(name);
  });

  test("creates first where the name is made up, and deletes first where the program gave it", async () => {
    const madeUp = await aws.provider.create(TYPES.role, "role-a", { assumeRolePolicy: toPolicy({}), path: "/a/" });
    const given = await aws.provider.create(TYPES.role, "role-b", {
      assumeRolePolicy: toPolicy({}),
      path: "/a/",
      name: "given",
    });
    const news = { assumeRolePolicy: toPolicy({}), path: "/b/" };

    const first = await aws.provider.diff(madeUp, news);
    const second = await aws.provider.diff(given, { ...news, name: "given" });

    expect(first).toMatchObject({ replaces: ["path"], deleteBeforeReplace: false });
    expect(second).toMatchObject({ replaces: ["path"], deleteBeforeReplace: true });
  });

  test("always deletes an attachment first", async () => {
    const role = await createRole(aws);
    const policyArn = "arn:aws:iam::aws:policy/AdministratorAccess";
    const attachment = await aws.provider.create("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "a", {
      role: role.id,
      policyArn,
    });

    const difference = await aws.provider.diff(attachment, { role: "other", policyArn });

    expect(difference).toMatchObject({ replaces: ["role"], deleteBeforeReplace: true });
  });

  test("compares sets without order, and lists with it", async () => {
    const made = await aws.provider.create(TYPES.api, "cors", {
      protocolType: "HTTP",
      corsConfiguration: { allowMethods: ["GET", "POST"] },
    });
    const news = (allowMethods: string[]) => ({ protocolType: "HTTP", corsConfiguration: { allowMethods } });

    expect((await aws.provider.diff(made, news(["POST", "GET", "GET"]))).changes).toBe(false);
    expect((await aws.provider.diff(made, news(["POST", "PUT"]))).changes).toBe(true);
  });

  test("compares policies by what they mean", async () => {
    const statement = { Effect: "Allow", Principal: { Service: ["lambda.amazonaws.com"] }, Action: "sts:AssumeRole" };
    const made = await aws.provider.create(TYPES.role, "meaning", {
      assumeRolePolicy: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }),
    });
    const reworded = {
      Statement: {
        Sid: "",
        Action: ["sts:AssumeRole"],
        Principal: { Service: "lambda.amazonaws.com" },
        Effect: "Allow",
      },
      Version: "2012-10-17",
    };
    const denied = { ...reworded, Statement: { ...reworded.Statement, Effect: "Deny" } };

    const same = await aws.provider.diff(made, { assumeRolePolicy: JSON.stringify(reworded, null, 4) });
    const other = await aws.provider.diff(made, { assumeRolePolicy: JSON.stringify(denied) });

    expect(same.changes).toBe(false);
    expect(other.detailed).toEqual({ assumeRolePolicy: "update" });
  });

  test("takes a function's name and its ARN for one in an alias, but not in a permission", async () => {
    const { fn } = await createFunction({ publish: true });
    const alias = await aws.provider.create(TYPES.alias, "live", { functionName: fn.id, functionVersion: "1" });
    const permission = await aws.provider.create(TYPES.permission, "p", {
      action: "lambda:InvokeFunction",
      function: fn.id,
      principal: "*",
    });
    const arn = fn.outputs["arn"];

    const ofAlias = await aws.provider.diff(alias, { functionName: arn, functionVersion: "1" });
    const ofPermission = await aws.provider.diff(permission, { ...permission.inputs, function: arn });

    expect(ofAlias.changes).toBe(false);
    expect(ofPermission.replaces).toEqual(["function"]);
  });

  test("leaves alone what the program ignores", async () => {
    const { fn, news } = await createFunction({ environment: { variables: { A: "1", B: "1" } } });
    const changed = { ...news, environment: { variables: { A: "2", B: "2" } }, name: "other", timeout: 9 };

    const some = await aws.provider.diff(fn, changed, ["environment.variables.A", "name"]);
    const all = await aws.provider.diff(fn, changed, ["environment", "name", "timeout"]);

    expect(some.detailed).toEqual({ "environment.variables.B": "update", timeout: "update" });
    expect(all.changes).toBe(false);
  });

  test("counts an unknown value as a change", async () => {
    const { fn, news } = await createFunction({ timeout: 5 });

    const difference = await aws.provider.diff(fn, { ...news, timeout: UNKNOWN });

    expect(difference.detailed).toEqual({ timeout: "update" });
  });

  test("sees other code by its hash, whatever its path", async () => {
    const { fn, news } = await createFunction();

    const moved = await aws.provider.diff(fn, { ...news, code: await createCode(code) });
    const other = await aws.provider.diff(fn, { ...news, code: await createCode(`${code}//`) });

    expect(moved.changes).toBe(false);
    expect(other.detailed).toEqual({ code: "update" });
  });

  test("replaces a secret's version for another value", async () => {
    const secret = await aws.provider.create(TYPES.secret, "diffed", {});
    const version = await aws.provider.create(TYPES.secretVersion, "v", { secretId: secret.id, secretString: "a" });

    const difference = await aws.provider.diff(version, { secretId: secret.id, secretString: "b" });

    expect(difference).toMatchObject({ replaces: ["secretString"], deleteBeforeReplace: false });
  });

  test("says before anything is made that a zip needs handler and runtime", async () => {
    const { inputs } = await aws.provider.check(TYPES.function, "x", {
      code: await createCode(code),
      role: "arn:aws:iam::000000000000:role/r",
    });

    await expect(aws.provider.createChecked(TYPES.function, "x", inputs, true)).rejects.toThrow(
      /handler and runtime must be set/,
    );
  });

  test("sees drift that a refresh has found", async () => {
    const made = await aws.provider.create(TYPES.logGroup, "drift", { retentionInDays: 14 });
    const drifted = { ...made, outputs: { ...made.outputs, retentionInDays: 30 } };

    expect((await aws.provider.diff(drifted, { retentionInDays: 14 })).detailed).toEqual({ retentionInDays: "update" });
  });
});
