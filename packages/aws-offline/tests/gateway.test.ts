import { Agent } from "node:https";
import { connect } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { invoke, readLog } from "./support/aws-requests.ts";
import { createApi, createAws, createRoute, send, shareAws, TYPES, type Api } from "./support/local-aws.ts";

const aws = shareAws();
const echo = "export const handler = async (event) => event;";

interface Event {
  rawPath: string;
  body?: string;
  isBase64Encoded: boolean;
  headers: Record<string, string>;
  [other: string]: unknown;
}

async function sendForEvent(api: Api, path: string, options: Parameters<typeof send>[2] = {}): Promise<Event> {
  return JSON.parse((await send(aws, `${api.url}${path}`, options)).body) as Event;
}

describe("an event of payload format 2.0", () => {
  test("tells the request as AWS does", async () => {
    const api = await createApi(aws, echo);

    const event = await sendForEvent(api, "/webhook?a=1&a=2&b=%E3%81%82", {
      body: '{"events":[]}',
      headers: {
        "Content-Type": "application/json; charset=utf-8",
        "X-Line-Signature": "abc=",
        "X-Many": ["one", "two"],
        "User-Agent": "LineBotWebhook/2.0",
        Cookie: "a=b; c=d",
      },
    });

    expect(event).toMatchObject({
      version: "2.0",
      routeKey: "POST /webhook",
      rawPath: "/webhook",
      rawQueryString: "a=1&a=2&b=%E3%81%82",
      queryStringParameters: { a: "1,2", b: "あ" },
      cookies: ["a=b", "c=d"],
      headers: {
        "content-type": "application/json; charset=utf-8",
        "content-length": "13",
        "x-line-signature": "abc=",
        "x-many": "one,two",
        "x-forwarded-proto": "https",
        host: api.url.replace("https://", ""),
      },
      requestContext: {
        accountId: "000000000000",
        apiId: api.api.id,
        domainName: "localhost",
        http: {
          method: "POST",
          path: "/webhook",
          protocol: "HTTP/1.1",
          sourceIp: "127.0.0.1",
          userAgent: "LineBotWebhook/2.0",
        },
        routeKey: "POST /webhook",
        stage: "$default",
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/) as string,
        timeEpoch: expect.any(Number) as number,
      },
      body: '{"events":[]}',
      isBase64Encoded: false,
    });
    expect(event.headers).not.toHaveProperty("cookie");
    expect(event).not.toHaveProperty("pathParameters");
  });

  test("has no body where none was sent", async () => {
    const event = await sendForEvent(await createApi(aws, echo), "/webhook");

    expect(event).not.toHaveProperty("body");
    expect(event.isBase64Encoded).toBe(false);
  });

  test.each([
    ["text", { "content-type": "text/plain" }, false],
    ["JSON of a vendor", { "content-type": "application/vnd.x+json" }, false],
    ["bytes", { "content-type": "application/octet-stream" }, true],
    ["a picture", { "content-type": "image/png" }, true],
    ["packed JSON", { "content-type": "application/json", "content-encoding": "gzip" }, true],
  ])("carries %s by its content type", async (_, headers, isBase64Encoded) => {
    const event = await sendForEvent(await createApi(aws, echo), "/webhook", { headers, body: "häl" });

    expect(event.isBase64Encoded).toBe(isBase64Encoded);
    expect(Buffer.from(event.body ?? "", isBase64Encoded ? "base64" : "utf8").toString()).toBe("häl");
  });
});

describe("an answer", () => {
  const answers: [string, string, object][] = [
    [
      "is the function's own where it has a status",
      `{ statusCode: 201, headers: { "X-A": "b", n: 1 }, body: "made", cookies: ["a=b", "c=d"] }`,
      { status: 201, body: "made", headers: { "x-a": "b", n: "1", "set-cookie": ["a=b", "c=d"] } },
    ],
    [
      "is text unless the function says otherwise",
      `{ statusCode: 200, body: "x" }`,
      { headers: { "content-type": "text/plain;charset=utf-8" } },
    ],
    ["is decoded where it is base64", `{ statusCode: 200, body: "aGk=", isBase64Encoded: true }`, { body: "hi" }],
    ["is empty without a body", `{ statusCode: 204 }`, { status: 204, body: "" }],
    [
      "is a 200 of JSON for any other value",
      `{ ok: true }`,
      { status: 200, body: '{"ok":true}', headers: { "content-type": "application/json" } },
    ],
    ["is a 200 of text for a string", `"plain"`, { status: 200, body: "plain" }],
    ["is 500 for a status that is none", `{ statusCode: "soon" }`, { status: 500 }],
    ["is 500 for headers that are none", `{ statusCode: 200, headers: { a: {} } }`, { status: 500 }],
  ];
  test.each(answers)("%s", async (_, result, expected) => {
    const api = await createApi(aws, `export const handler = async () => (${result});`);

    const answer = await send(aws, `${api.url}/webhook`);

    expect(answer).toMatchObject(expected);
    expect(answer.headers["apigw-requestid"]).toMatch(/^.{15}=$/);
  });

  test.each([
    ["throws", "throw new Error('secret detail');"],
    ["crashes", "process.exit(1);"],
  ])("is 500 without details when the function %s", async (_, body) => {
    const api = await createApi(aws, `export const handler = async () => { ${body} };`);

    const answer = await send(aws, `${api.url}/webhook`);

    expect(answer).toMatchObject({ status: 500, body: '{"message":"Internal Server Error"}' });
  });

  test("is 503 when the function takes longer than the integration waits", async () => {
    const api = await createApi(aws, "export const handler = () => new Promise(() => {});", {
      integration: { timeoutMilliseconds: 50 },
    });

    expect(await send(aws, `${api.url}/webhook`)).toMatchObject({
      status: 503,
      body: '{"message":"Service Unavailable"}',
    });
  });

  test("is 503 when the function's concurrency is used up", async () => {
    const api = await createApi(aws, echo, { fn: { reservedConcurrentExecutions: 0 } });

    expect((await send(aws, `${api.url}/webhook`)).status).toBe(503);
  });
});

describe("a request", () => {
  test.each([
    ["GET", "/webhook"],
    ["PUT", "/webhook"],
    ["OPTIONS", "/webhook"],
    ["POST", "/"],
    ["POST", "/webhook/"],
    ["POST", "//webhook"],
    ["POST", "/Webhook"],
    ["POST", "/webhook/more"],
  ])("%s %s finds no route", async (method, path) => {
    const api = await createApi(aws, echo);

    expect(await send(aws, `${api.url}${path}`, { method })).toMatchObject({
      status: 404,
      body: '{"message":"Not Found"}',
      headers: { "content-type": "application/json" },
    });
  });

  test("goes to the most specific route", async () => {
    const api = await createApi(aws, echo);
    for (const key of ["GET /users/{id}", "GET /users/me", "ANY /users/{proxy+}", "$default"])
      await createRoute(aws, api.api, key, api.integration);
    const ask = async (method: string, path: string) => {
      const { routeKey, pathParameters } = await sendForEvent(api, path, { method });
      return [routeKey, pathParameters];
    };

    expect(await ask("GET", "/users/me")).toEqual(["GET /users/me", undefined]);
    expect(await ask("GET", "/users/%E3%81%82")).toEqual(["GET /users/{id}", { id: "あ" }]);
    expect(await ask("POST", "/users/7")).toEqual(["ANY /users/{proxy+}", { proxy: "7" }]);
    expect(await ask("GET", "/users/7/a")).toEqual(["ANY /users/{proxy+}", { proxy: "7/a" }]);
    expect(await ask("GET", "/other")).toEqual(["$default", undefined]);
  });

  test("above 10 MB is refused", async () => {
    const api = await createApi(aws, echo);

    const answer = await send(aws, `${api.url}/webhook`, { body: Buffer.alloc(10 * 1024 * 1024 + 1) });

    expect(answer.status).toBe(413);
  });

  test("with headers above 10,240 bytes is refused", async () => {
    const api = await createApi(aws, echo);

    expect((await send(aws, `${api.url}/webhook`, { headers: { "x-long": "x".repeat(10_240) } })).status).toBe(431);
  });

  test("above the stage's burst is throttled, and the function is not called", async () => {
    const api = await createApi(aws, "let n = 0; export const handler = async () => ++n;", {
      stage: { defaultRouteSettings: { throttlingBurstLimit: 2, throttlingRateLimit: 0.001 } },
    });
    const statuses = [];
    for (let count = 0; count < 4; count += 1) statuses.push(await send(aws, `${api.url}/webhook`));

    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 429, 429]);
    expect(statuses[2]?.body).toBe('{"message":"Too Many Requests"}');
  });

  test("goes under the stage's name where the stage has one", async () => {
    const api = await createApi(aws, echo, { stage: { name: "dev", stageVariables: { color: "blue" } } });

    const event = await sendForEvent(api, "/dev/webhook");

    expect(event).toMatchObject({ rawPath: "/dev/webhook", stageVariables: { color: "blue" } });
    expect(api.stage.outputs["invokeUrl"]).toBe(`${api.url}/dev`);
    expect((await send(aws, `${api.url}/webhook`)).status).toBe(404);
  });
});

describe("the permission to invoke", () => {
  test.each([
    ["another API", { sourceArn: "arn:aws:execute-api:ap-northeast-1:000000000000:other/*/*/*" }],
    ["another service", { principal: "sns.amazonaws.com" }],
    ["another version", { qualifier: "1" }],
    ["another account", { sourceAccount: "111111111111" }],
  ])("that is for %s does not count", async (_, permission) => {
    const api = await createApi(aws, echo, { permission });

    expect((await send(aws, `${api.url}/webhook`)).status).toBe(500);
  });

  test("holds for just the route that it names", async () => {
    const api = await createApi(aws, echo);
    await aws.provider.delete(api.permission);
    await aws.provider.create(TYPES.permission, "exact", {
      action: "lambda:InvokeFunction",
      function: api.fn.id,
      qualifier: "live",
      principal: "apigateway.amazonaws.com",
      sourceArn: `${String(api.api.outputs["executionArn"])}/$default/POST/webhook`,
    });
    await createRoute(aws, api.api, "GET /webhook", api.integration);

    expect((await send(aws, `${api.url}/webhook`)).status).toBe(200);
    expect((await send(aws, `${api.url}/webhook`, { method: "GET" })).status).toBe(500);
  });
});

describe("the access log", () => {
  test("holds a line for each request in the stage's format, whatever a client writes into it", async () => {
    const group = await aws.provider.create(TYPES.logGroup, "access", {});
    const format = JSON.stringify({
      id: "$context.requestId",
      route: "$context.routeKey",
      status: "$context.status",
      agent: "$context.identity.userAgent",
      error: "$context.integrationErrorMessage",
      message: "$context.error.message",
    });
    const api = await createApi(aws, echo, {
      stage: { accessLogSettings: { destinationArn: group.outputs["arn"], format } },
    });
    const first = await send(aws, `${api.url}/webhook`, { headers: { "user-agent": 'a"b' } });
    await send(aws, `${api.url}/other`);

    const lines = (await readLog(aws, group.id)).map((line) => JSON.parse(line) as object);

    expect(lines).toEqual([
      {
        id: first.headers["apigw-requestid"],
        route: "POST /webhook",
        status: "200",
        agent: 'a"b',
        error: "-",
        message: "-",
      },
      { id: expect.any(String) as string, route: "-", status: "404", agent: "-", error: "-", message: "Not Found" },
    ]);
  });
});

describe("an API", () => {
  test.each([
    ["a host that is none of its names", { host: "evil.example" }],
    ["a page of another site", { origin: "https://evil.example" }],
    ["a page on another port of this machine", { origin: "http://localhost:1" }],
    ["what such a page asks for without an origin", { "sec-fetch-site": "same-site" }],
  ])("turns away %s, which reaches no function", async (_who, headers) => {
    const api = await createApi(aws, echo);
    const count = aws.traces.length;
    // A rebound name would come so: its certificate is not this test's matter.
    const agent = new Agent({ servername: "localhost" });
    onTestFinished(() => agent.destroy());

    const { status, body } = await send(aws, `${api.url}/webhook`, { headers, body: "{}", agent });

    expect(status).toBe(403);
    expect(JSON.parse(body)).toEqual({ message: "Forbidden" });
    expect(aws.traces.slice(count)).toEqual([]);
  });

  test("speaks TLS 1.2 or later, with a certificate of the local authority alone", async () => {
    const api = await createApi(aws, echo);
    const port = Number(new URL(api.url).port);

    const old = new Promise((resolve, reject) => {
      connect({ port, host: "127.0.0.1", maxVersion: "TLSv1.1", rejectUnauthorized: false }, () =>
        resolve("connected"),
      ).on("error", reject);
    });

    await expect(old).rejects.toThrow(/alert|protocol|ECONNRESET/i);
    await expect(fetch(`${api.url}/webhook`, { method: "POST" })).rejects.toThrow(/fetch failed/);
    expect((await send(aws, `https://127.0.0.1:${port}/webhook`)).status).toBe(200);
  });

  test("keeps its port, its certificate's authority and its routes through a restart", async () => {
    const first = await createAws();
    const api = await createApi(first, echo);
    const { certificateAuthority } = first.aws;
    await first.close();
    const second = await createAws({ dataDir: first.dataDir });

    expect(second.aws.certificateAuthority).toBe(certificateAuthority);
    expect((await send(second, `${api.url}/webhook`)).status).toBe(200);
  });

  test("takes the first free port from the one given, and says when its own port is taken later", async () => {
    const first = await createAws();
    const taken = Number(new URL((await createApi(first, echo)).url).port);
    const second = await createAws({ gatewayPort: taken });
    const api = await createApi(second, echo);
    await second.close();

    expect(Number(new URL(api.url).port)).toBeGreaterThan(taken);
    await first.close();
    await expect(
      createAws({ dataDir: first.dataDir, endpointPort: Number(new URL(aws.aws.endpointUrl).port) }),
    ).rejects.toThrow(/Port \d+ for the AWS services is in use/);
  });

  test("is gone with its port when it is deleted", async () => {
    const api = await createApi(aws, echo);
    await aws.provider.delete(api.api);

    await expect(send(aws, `${api.url}/webhook`)).rejects.toThrow(/ECONNREFUSED/);
  });

  test("moves to another version with its alias, without a request lost", async () => {
    const api = await createApi(aws, "export const handler = async () => 'one';");
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const before = await send(aws, `${api.url}/webhook`, { agent });
    const news = { ...api.fn.inputs, description: "two" };
    const fn = await aws.provider.update(api.fn, news);
    const moved = { ...api.alias.inputs, functionVersion: fn.outputs["version"] };
    const [during] = await Promise.all([
      send(aws, `${api.url}/webhook`, { agent }),
      aws.provider.update(api.alias, moved),
    ]);
    const after = await send(aws, `${api.url}/webhook`, { agent });

    expect([before.status, during.status, after.status]).toEqual([200, 200, 200]);
    expect((await invoke(aws, api.fn.id, {}, "live")).headers.get("x-amz-executed-version")).toBe("2");
  });
});
