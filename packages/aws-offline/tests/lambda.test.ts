import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { invoke, readLog } from "./support/aws-requests.ts";
import {
  createCode,
  createFunction,
  createRole,
  createTempFolder,
  shareAws,
  toFunctionInputs,
  TYPES,
} from "./support/local-aws.ts";
import type { AwsTrace } from "../aws.ts";

const aws = shareAws();
const echo = "export const handler = async (event, context) => ({ event, context, env: process.env });";

function invocationsOf(functionName: string): Extract<AwsTrace, { kind: "invocation" }>[] {
  return aws.traces.filter((trace) => trace.kind === "invocation" && trace.functionName === functionName) as never;
}

describe("an invocation", () => {
  test("gives the handler its event and context, and answers its result", async () => {
    const fn = await createFunction(aws, echo, { memorySize: 256, timeout: 20 });

    const { body, headers } = await invoke(aws, fn.id, { hello: "wörld" });

    expect(body["event"]).toEqual({ hello: "wörld" });
    expect(body["context"]).toMatchObject({
      functionName: fn.id,
      functionVersion: "$LATEST",
      invokedFunctionArn: fn.outputs["arn"],
      memoryLimitInMB: "256",
      logGroupName: `/aws/lambda/${fn.id}`,
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    expect(headers.get("x-amz-executed-version")).toBe("$LATEST");
    expect(headers.get("x-amz-function-error")).toBeNull();
  });

  test("tells the handler how much time is left", async () => {
    const fn = await createFunction(
      aws,
      "export const handler = async (_, context) => ({ left: context.getRemainingTimeInMillis() });",
      { timeout: 900 },
    );

    const { left } = (await invoke(aws, fn.id, {})).body as { left: number };

    expect(left).toBeGreaterThan(600_000);
    expect(left).toBeLessThanOrEqual(900_000);
  });

  test("has Lambda's environment and the function's own, and nothing of this process", async () => {
    process.env["LOCAL_AWS_TEST_LEAK"] = "leaked";
    const fn = await createFunction(aws, echo, { environment: { variables: { GREETING: "hi" } } });
    const { env } = (await invoke(aws, fn.id, {})).body as { env: Record<string, string> };
    delete process.env["LOCAL_AWS_TEST_LEAK"];

    expect(env).toMatchObject({
      GREETING: "hi",
      AWS_REGION: "ap-northeast-1",
      AWS_LAMBDA_FUNCTION_NAME: fn.id,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
      AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
      AWS_ENDPOINT_URL: aws.aws.endpointUrl,
      TZ: ":UTC",
    });
    for (const name of ["LOCAL_AWS_TEST_LEAK", "HOME", "VITEST", "NODE_OPTIONS"]) expect(env).not.toHaveProperty(name);
  });

  test("starts cold once and stays warm, with its module state", async () => {
    const fn = await createFunction(aws, "let n = 0; export const handler = async () => ++n;");

    const answers = [await invoke(aws, fn.id, {}), await invoke(aws, fn.id, {}), await invoke(aws, fn.id, {})];

    expect(answers.map(({ body }) => body)).toEqual([1, 2, 3]);
    expect(invocationsOf(fn.id).map(({ start }) => start)).toEqual(["cold", "warm", "warm"]);
    expect(invocationsOf(fn.id)[0]?.initMs).toBeGreaterThan(0);
  });

  test("stays warm when only tags change, and starts cold with another configuration", async () => {
    const news = await toFunctionInputs(aws, "export const handler = async () => process.pid;");
    const fn = await aws.provider.create(TYPES.function, "warmth", news);
    const first = await invoke(aws, fn.id, {});
    const tagged = await aws.provider.update(fn, { ...news, tags: { a: "b" } });
    const second = await invoke(aws, fn.id, {});
    await aws.provider.update(tagged, { ...news, tags: { a: "b" }, timeout: 9 });
    const third = await invoke(aws, fn.id, {});

    expect(second.body).toBe(first.body);
    expect(third.body).not.toBe(first.body);
  });

  test("has a worker to itself: calls at the same time scale out", async () => {
    const meeting = await createTempFolder();
    const fn = await createFunction(
      aws,
      `import { readdirSync, writeFileSync } from "node:fs";
      const meeting = ${JSON.stringify(meeting)};
      export const handler = async () => {
        writeFileSync(meeting + "/" + process.pid, "");
        while (readdirSync(meeting).length < 3) await new Promise((done) => setTimeout(done, 5));
        return process.pid;
      };`,
    );

    const answers = await Promise.all([1, 2, 3].map(() => invoke(aws, fn.id, {})));

    expect(new Set(answers.map(({ body }) => body)).size).toBe(3);
  });

  test("above the reserved concurrency is throttled", async () => {
    const go = join(await createTempFolder(), "go");
    const fn = await createFunction(
      aws,
      `import { existsSync } from "node:fs";
      export const handler = async () => {
        while (!existsSync(${JSON.stringify(go)})) await new Promise((done) => setTimeout(done, 5));
      };`,
      { reservedConcurrentExecutions: 1 },
    );

    const underWay = [invoke(aws, fn.id, {}), invoke(aws, fn.id, {})];
    const throttled = await Promise.race(underWay);
    await writeFile(go, "");
    const answers = await Promise.all(underWay);

    expect(throttled.status).toBe(429);
    expect(throttled.body["__type"]).toBe("TooManyRequestsException");
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 429]);
    expect((await invoke(aws, fn.id, {})).status).toBe(200);
  });

  test("runs a handler of CommonJS, in a folder, or without a file's end in its name", async () => {
    const files = { "src/app.js": "exports.run = async () => 'commonjs';" };
    const fn = await createFunction(aws, files, { handler: "src/app.run" });

    expect((await invoke(aws, fn.id, {})).body).toBe("commonjs");
  });

  test("answers null for a handler that returns nothing", async () => {
    const fn = await createFunction(aws, "export const handler = async () => {};");

    expect((await invoke(aws, fn.id, {})).body).toBeNull();
  });
});

describe("a failing handler", () => {
  const failing: [string, string, object][] = [
    [
      "throws",
      "export const handler = async () => { throw new TypeError('no'); };",
      { errorType: "TypeError", errorMessage: "no" },
    ],
    [
      "throws what is no error",
      "export const handler = async () => { throw 'no'; };",
      { errorType: "string", errorMessage: "no" },
    ],
    [
      "exits",
      "export const handler = async () => process.exit(3);",
      { errorType: "Runtime.ExitError", errorMessage: expect.stringContaining("exit status 3") as string },
    ],
    [
      "loses a promise",
      "export const handler = () => new Promise(() => { Promise.reject(new Error('lost')); });",
      { errorType: "Runtime.UnhandledPromiseRejection" },
    ],
    ["does not parse", "export const handler = async () => {", { errorType: "Runtime.UserCodeSyntaxError" }],
    ["is not there", "export const other = 1;", { errorType: "Runtime.HandlerNotFound" }],
    ["is no function", "export const handler = 1;", { errorType: "Runtime.HandlerNotFound" }],
    [
      "takes a callback",
      "export const handler = (event, context, callback) => callback(null, 1);",
      { errorType: "Runtime.CallbackHandlerDeprecated" },
    ],
    ["throws while it loads", "throw new RangeError('early');", { errorType: "RangeError", errorMessage: "early" }],
  ];
  test.each(failing)(
    "that %s is reported in Lambda's shape, and leaves the function usable",
    async (_, code, error) => {
      const fn = await createFunction(aws, code);

      const first = await invoke(aws, fn.id, {});
      const second = await invoke(aws, fn.id, {});

      for (const { status, headers, body } of [first, second]) {
        expect(status).toBe(200);
        expect(headers.get("x-amz-function-error")).toBe("Unhandled");
        expect(body).toMatchObject(error);
      }
    },
  );

  test.each([
    ["waits for ever", "export const handler = () => new Promise(() => {});"],
    ["never yields", "export const handler = async () => { for (;;); };"],
  ])("that %s is stopped at its time limit, and the next call gets a fresh worker", async (_, code) => {
    const fn = await createFunction(aws, code, { timeout: 1 });

    const { body } = await invoke(aws, fn.id, {});

    expect(body["errorMessage"]).toMatch(/^RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds$/);
    expect(await readLog(aws, `/aws/lambda/${fn.id}`)).toContainEqual(
      expect.stringMatching(/Task timed out after 1\.00 seconds/),
    );
  });

  test("that imports what was not bundled misses it, even if it lies around here", async () => {
    const around = join(aws.dataDir, "node_modules/stray");
    await mkdir(around, { recursive: true });
    await writeFile(join(around, "index.js"), "");
    const fn = await createFunction(aws, "import 'stray'; export const handler = async () => 1;");

    const { body } = await invoke(aws, fn.id, {});

    expect(body).toMatchObject({ errorType: "Runtime.ImportModuleError" });
    expect(body["errorMessage"]).toContain("stray");
  });

  test("that takes more memory than it has ends its worker alone", async () => {
    const fn = await createFunction(
      aws,
      "export const handler = async () => { const all = []; for (;;) all.push(new Array(1e6).fill(all.length)); };",
      { timeout: 60 },
    );

    const { body } = await invoke(aws, fn.id, {});

    expect(body).toMatchObject({ errorType: "Runtime.ExitError" });
  });
});

describe("versions and aliases", () => {
  test("keep the code that they were published with", async () => {
    const role = (await createRole(aws)).outputs["arn"];
    const news = await toFunctionInputs(aws, "export const handler = async () => 'one';", { role });
    const one = await aws.provider.create(TYPES.function, "kept", news);
    const alias = await aws.provider.create(TYPES.alias, "live", {
      name: "live",
      functionName: one.id,
      functionVersion: "1",
    });
    const code = await createCode("export const handler = async () => 'two';");
    await aws.provider.update(one, { ...news, code });

    const answers = await Promise.all(["live", "1", "2", "$LATEST"].map((name) => invoke(aws, one.id, {}, name)));
    await aws.provider.update(alias, { name: "live", functionName: one.id, functionVersion: "2" });
    const moved = await invoke(aws, String(alias.outputs["arn"]), {});

    expect(answers.map(({ body }) => body)).toEqual(["one", "one", "two", "two"]);
    expect(moved.body).toBe("two");
  });

  test("that do not exist are not found", async () => {
    const fn = await createFunction(aws, echo);

    const missing = await invoke(aws, fn.id, {}, "9");

    expect(missing).toMatchObject({ status: 404, body: { __type: "ResourceNotFoundException" } });
    await expect(
      aws.provider.create(TYPES.alias, "bad", { functionName: fn.id, functionVersion: "9" }),
    ).rejects.toThrow(/Function not found/);
  });

  test("are not run any more when the function is gone", async () => {
    const fn = await createFunction(aws, echo);
    await invoke(aws, fn.id, {});
    await aws.provider.delete(fn);

    expect((await invoke(aws, fn.id, {})).status).toBe(404);
  });
});

describe("logs", () => {
  test("hold Lambda's lines around what the handler wrote, in order", async () => {
    const fn = await createFunction(
      aws,
      `export const handler = async () => { console.log("a %s", 1); console.error("b"); process.stdout.write("raw\\n"); };`,
    );
    await invoke(aws, fn.id, {});

    const [start, a, b, raw, end, report] = await readLog(aws, `/aws/lambda/${fn.id}`);

    expect(start).toMatch(/^START RequestId: [0-9a-f-]{36} Version: \$LATEST$/);
    expect(a).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z\t[0-9a-f-]{36}\tINFO\ta 1$/);
    expect(b).toMatch(/\tERROR\tb$/);
    expect(raw).toBe("raw");
    expect(end).toMatch(/^END RequestId: /);
    expect(report).toMatch(
      /^REPORT RequestId: .*\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tInit Duration: [\d.]+ ms$/,
    );
  });

  test("are JSON objects where the function says so", async () => {
    const fn = await createFunction(
      aws,
      `export const handler = async () => { console.info({ a: 1 }); console.warn("w", new Error("e")); console.debug("d"); };`,
      { loggingConfig: { logFormat: "JSON", logGroup: "json-logs", applicationLogLevel: "INFO" } },
    );
    await invoke(aws, fn.id, {});

    const lines = (await readLog(aws, "json-logs")).map((line) => JSON.parse(line) as Record<string, unknown>);

    expect(lines.map(({ type, level }) => type ?? level)).toEqual([
      "platform.start",
      "INFO",
      "WARN",
      "platform.report",
    ]);
    expect(lines[1]).toMatchObject({ message: { a: 1 }, requestId: expect.any(String) as string });
    expect(lines[2]).toMatchObject({ errorType: "Error", errorMessage: "e" });
    expect(lines[3]).toMatchObject({ record: { status: "success", metrics: { memorySizeMB: 128 } } });
  });

  test("are not written in the name of a role that may not write them", async () => {
    const role = await createRole(aws, ["secretsmanager:GetSecretValue"]);
    const fn = await createFunction(aws, "export const handler = async () => console.log('x');", {
      role: role.outputs["arn"],
    });
    await invoke(aws, fn.id, {});

    expect(await readLog(aws, `/aws/lambda/${fn.id}`)).toEqual([]);
  });
});
