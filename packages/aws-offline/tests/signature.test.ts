import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { AwsV4Signer } from "aws4fetch";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createSignRequest } from "../../../functions/shared/aws/sign-request.ts";
import type { AccessKey } from "../sts/access-keys.ts";
import { toOwnerConfig } from "./support/owner-config.ts";
import { invoke } from "./support/aws-requests.ts";
import { createFunction, createRole, shareAws, TYPES } from "./support/local-aws.ts";
import { createCaller } from "./support/queues.ts";

const aws = shareAws();
let SecretId = "";
beforeAll(async () => {
  const secret = await aws.provider.create(TYPES.secret, "signed", {});
  await aws.provider.create(TYPES.secretVersion, "signed", { secretId: secret.id, secretString: "hush" });
  SecretId = secret.id;
});

interface Sent {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | Buffer;
}
type Answer = Awaited<ReturnType<typeof send>>;

/** A request as it is: nothing is added but the host. */
async function send({ method, path, headers, body }: Sent) {
  const { host, port } = new URL(aws.aws.endpointUrl);
  const asked = request({ host: "127.0.0.1", port, method, path, headers: { host, ...headers } });
  const [response] = (await once(asked.end(body), "response")) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

interface Signing {
  key?: AccessKey;
  service?: string;
  region?: string;
  date?: Date;
}

/** Signs as aws4fetch does; the key is the owner's by default. */
async function sign(
  sent: Sent,
  { key = aws.aws.accessKey, service = "secretsmanager", region = "ap-northeast-1", date = new Date() }: Signing = {},
) {
  const signer = new AwsV4Signer({
    ...key,
    service,
    region,
    datetime: date.toISOString().replace(/[-:]|\.\d+/g, ""),
    url: `${aws.aws.endpointUrl}${sent.path}`,
    method: sent.method,
    headers: sent.headers,
    body: sent.body,
  });
  const { headers } = await signer.sign();
  return { ...sent, headers: Object.fromEntries(headers) };
}

const getSecret = (more: Partial<Sent> = {}): Sent => ({
  method: "POST",
  path: "/",
  headers: { "x-amz-target": "secretsmanager.GetSecretValue" },
  body: JSON.stringify({ SecretId }),
  ...more,
});
const withHeaders = (sent: Sent, headers: Record<string, string>): Sent => ({
  ...sent,
  headers: { ...sent.headers, ...headers },
});
const withAuthorization = (sent: Sent, change: (authorization: string) => string): Sent =>
  withHeaders(sent, { authorization: change(sent.headers["authorization"] ?? "") });
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
const stranger = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret" };

const mismatch = ["InvalidSignatureException", "The request signature we calculated does not match"] as const;
const unknown = ["UnrecognizedClientException", "The security token included in the request is invalid."] as const;

interface Refusal {
  what: string;
  sent: () => Promise<Sent> | Sent;
  says: readonly [code: string, message: string];
}

const refusals: Refusal[] = [
  {
    what: "no signature",
    sent: () => getSecret(),
    says: ["MissingAuthenticationTokenException", "Missing Authentication Token"],
  },
  {
    what: "a token of another kind",
    sent: () => withHeaders(getSecret(), { authorization: "Bearer x" }),
    says: ["MissingAuthenticationTokenException", "Missing Authentication Token"],
  },
  {
    what: "a signature in the query",
    sent: () => getSecret({ path: "/?X-Amz-Algorithm=AWS4-HMAC-SHA256" }),
    says: ["MissingAuthenticationTokenException", "presigned requests are not simulated"],
  },
  {
    what: "half an authorization",
    sent: async () => withAuthorization(await sign(getSecret()), (all) => all.replace(/, SignedHeaders.*/, "")),
    says: [
      "IncompleteSignatureException",
      "requires 'Signature' parameter. Authorization header requires 'SignedHeaders'",
    ],
  },
  {
    what: "another algorithm",
    sent: async () => withAuthorization(await sign(getSecret()), (all) => all.replace("SHA256", "SHA1")),
    says: ["IncompleteSignatureException", "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'"],
  },
  {
    what: "a credential of four parts",
    sent: async () => withAuthorization(await sign(getSecret()), (all) => all.replace("/aws4_request", "")),
    says: ["IncompleteSignatureException", "exactly 5 slash-delimited elements"],
  },
  {
    what: "no date",
    sent: async () => {
      const { headers, ...sent } = await sign(getSecret());
      return {
        ...sent,
        headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "x-amz-date")),
      };
    },
    says: ["IncompleteSignatureException", "'X-Amz-Date'"],
  },
  {
    what: "a date in another form",
    sent: async () => withHeaders(await sign(getSecret()), { "x-amz-date": "2026-01-01T00:00:00Z" }),
    says: ["IncompleteSignatureException", "Date must be in ISO-8601 'basic format'. Got '2026-01-01T00:00:00Z'"],
  },
  {
    what: "a date of 16 minutes ago",
    sent: () => sign(getSecret(), { date: minutesAgo(16) }),
    says: ["InvalidSignatureException", "Signature expired: "],
  },
  {
    what: "a date in 16 minutes",
    sent: () => sign(getSecret(), { date: minutesAgo(-16) }),
    says: ["InvalidSignatureException", "Signature not yet current: "],
  },
  {
    what: "a host that is not signed",
    sent: async () => withAuthorization(await sign(getSecret()), (all) => all.replace("=host;", "=")),
    says: ["InvalidSignatureException", "'Host' must be a 'SignedHeader' in the AWS Authorization."],
  },
  {
    what: "a target that is not signed",
    sent: async () => withHeaders(await sign(getSecret({ headers: {} })), getSecret().headers),
    says: ["InvalidSignatureException", "'x-amz-target' must be a 'SignedHeader'"],
  },
  {
    what: "the scope of another service",
    sent: () => sign(getSecret(), { service: "sqs" }),
    says: ["InvalidSignatureException", "Credential should be scoped to correct service: 'secretsmanager'."],
  },
  {
    what: "the scope of no region",
    sent: () => sign(getSecret(), { region: "moon-1" }),
    says: ["InvalidSignatureException", "Credential should be scoped to a valid region, not 'moon-1'."],
  },
  {
    what: "the scope of another day",
    sent: async () => withAuthorization(await sign(getSecret()), (all) => all.replace(/\/\d{8}\//, "/20260101/")),
    says: ["InvalidSignatureException", "Date in Credential scope does not match"],
  },
  {
    what: "a scope of another end",
    sent: async () => withAuthorization(await sign(getSecret()), (all) => all.replace("aws4_request", "aws3_request")),
    says: ["InvalidSignatureException", "valid terminator: 'aws4_request'"],
  },
  { what: "a key that nobody was given", sent: () => sign(getSecret(), { key: stranger }), says: unknown },
  {
    what: "zeros for a signature",
    sent: async () =>
      withAuthorization(await sign(getSecret()), (all) => all.replace(/Signature=.*/, `Signature=${"0".repeat(64)}`)),
    says: mismatch,
  },
  {
    what: "another secret",
    sent: () => sign(getSecret(), { key: { ...aws.aws.accessKey, secretAccessKey: "local" } }),
    says: mismatch,
  },
  { what: "another method", sent: async () => ({ ...(await sign(getSecret())), method: "PUT" }), says: mismatch },
  { what: "another query", sent: async () => ({ ...(await sign(getSecret())), path: "/?a=b" }), says: mismatch },
  { what: "another body", sent: async () => ({ ...(await sign(getSecret())), body: "{}" }), says: mismatch },
  {
    what: "another body than its own hash says",
    sent: async () => {
      const hash = createHash("sha256").update(JSON.stringify({ SecretId })).digest("hex");
      return { ...(await sign(withHeaders(getSecret(), { "x-amz-content-sha256": hash }))), body: "{}" };
    },
    says: mismatch,
  },
  {
    what: "a body that says it needs no signature",
    sent: async () => sign(withHeaders(getSecret(), { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" })),
    says: mismatch,
  },
  {
    what: "another target",
    sent: async () => withHeaders(await sign(getSecret()), { "x-amz-target": "secretsmanager.DescribeSecret" }),
    says: mismatch,
  },
];

test.each(refusals)("refuses $what", async ({ sent, says: [code, message] }) => {
  const answer = await send(await sent());

  expect(answer.status).toBe(400);
  expect(answer.headers["content-type"]).toBe("application/x-amz-json-1.1");
  expect(JSON.parse(answer.body)).toEqual({ __type: code, message: expect.stringContaining(message) as string });
});

describe("a function's key", () => {
  const createReader = async () => createCaller(aws, await createRole(aws, ["secretsmanager:GetSecretValue"]));

  test("is good for what the function's role may do, for as long as its worker lives", async () => {
    const { fn, accessKey: key } = await createReader();
    const put = getSecret({ headers: { "x-amz-target": "secretsmanager.PutSecretValue" } });

    const read = await send(await sign(getSecret(), { key }));
    const written = await send(await sign(put, { key }));
    await invoke(aws, fn.id, { end: true });
    const after = await send(await sign(getSecret(), { key }));

    expect(read.status).toBe(200);
    expect(JSON.parse(written.body)).toMatchObject({ __type: "AccessDeniedException" });
    expect(JSON.parse(after.body)).toMatchObject({ __type: "UnrecognizedClientException" });
  });

  test.each([
    [
      "the owner's secret",
      (key: AccessKey) => ({ ...key, secretAccessKey: aws.aws.accessKey.secretAccessKey }),
      mismatch,
    ],
    ["another session's token", (key: AccessKey) => ({ ...key, sessionToken: "another" }), unknown],
    ["no token", (key: AccessKey) => ({ ...key, sessionToken: "" }), unknown],
    ["the key id of the owner", (key: AccessKey) => ({ ...key, accessKeyId: aws.aws.accessKey.accessKeyId }), mismatch],
    ["the key and the secret of the owner", (key: AccessKey) => ({ ...key, ...aws.aws.accessKey }), unknown],
  ])("is good for nothing with %s", async (_what, change, [code]) => {
    const { accessKey } = await createReader();

    const answer = await send(await sign(getSecret(), { key: change(accessKey) }));

    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ __type: code });
  });
});

describe("each protocol says it in its own way", () => {
  const zeros = async (sent: Sent, service: string) =>
    send(
      withAuthorization(await sign(sent, { service }), (all) =>
        all.replace(/Signature=.*/, `Signature=${"0".repeat(64)}`),
      ),
    );

  test("JSON 1.0 with the namespace of no service, and the former code where a service had one", async () => {
    const receive = getSecret({ headers: { "x-amz-target": "AmazonSQS.ReceiveMessage" } });
    const get = getSecret({ headers: { "x-amz-target": "DynamoDB_20120810.GetItem" } });

    for (const answer of [await zeros(receive, "sqs"), await zeros(get, "dynamodb")] satisfies Answer[]) {
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toMatchObject({ __type: "com.amazon.coral.service#InvalidSignatureException" });
    }
    expect((await zeros(receive, "sqs")).headers["x-amzn-query-error"]).toBe("SignatureDoesNotMatch;Sender");
  });

  test("REST with a header and 403", async () => {
    const { status, headers } = await zeros(
      { method: "GET", path: "/2015-03-31/functions/x/configuration", headers: {}, body: "" },
      "lambda",
    );

    expect([status, headers["x-amzn-errortype"]]).toEqual([403, "InvalidSignatureException"]);
  });

  test.each([
    ["SignatureDoesNotMatch", 403, {}, aws4("Signature", "0".repeat(64))],
    ["SignatureDoesNotMatch", 403, { date: minutesAgo(16) }, same],
    ["InvalidClientTokenId", 403, { key: stranger }, same],
    ["IncompleteSignature", 400, {}, aws4("Signature", "")],
    ["MissingAuthenticationToken", 403, {}, () => ""],
  ] as const)("the query protocol with %s and %i", async (code, status, signing, change) => {
    const form = { method: "POST", path: "/", headers: {}, body: "Action=GetCallerIdentity&Version=2011-06-15" };

    const answer = await send(withAuthorization(await sign(form, { service: "sts", ...signing }), change));

    expect(answer.status).toBe(status);
    expect(answer.headers["content-type"]).toBe("text/xml");
    expect(answer.body).toContain(`<Type>Sender</Type><Code>${code}</Code>`);
  });
});

function same(authorization: string): string {
  return authorization;
}
function aws4(name: string, value: string): (authorization: string) => string {
  return (authorization) => authorization.replace(new RegExp(`${name}=[^,]*`), `${name}=${value}`);
}

describe("what is signed well is answered", () => {
  test.each([
    ["of 14 minutes ago", {}, { date: minutesAgo(14) }],
    ["in 14 minutes", {}, { date: minutesAgo(-14) }],
    ["with a query", { path: "/?b=%20x&a=%2F~!'()*&a=" }, {}],
    ["with a path of an ARN's kind", { path: "/a%3Ab/c%20d/" }, {}],
  ])("%s", async (_what, more, signing) => {
    expect(await send(await sign(getSecret(more), signing))).toMatchObject({ status: 200 });
  });

  test("with runs of spaces in a header, a port in the host and a body that is packed", async () => {
    const body = gzipSync(JSON.stringify({ SecretId }));
    const headers = { ...getSecret().headers, "x-amz-meta-note": " two  and   three ", "content-encoding": "gzip" };

    expect(await send(await sign(getSecret({ headers, body })))).toMatchObject({ status: 200 });
  });

  test("by the functions' own signer, with a body beyond ASCII", async () => {
    const signRequest = createSignRequest(aws.aws.accessKey, "ap-northeast-1", "secretsmanager");
    const url = new URL(aws.aws.endpointUrl);
    const body = JSON.stringify({ SecretId, SecretString: "你好 👋" });
    const headers = signRequest(
      { url, headers: { "x-amz-target": "secretsmanager.PutSecretValue" }, body },
      new Date(),
    );

    expect(await send({ method: "POST", path: "/", headers, body })).toMatchObject({ status: 200 });
    const { SecretString } = JSON.parse((await send(await sign(getSecret()))).body) as { SecretString: string };
    expect(SecretString).toBe("你好 👋");
  });

  test("by the official clients, with a body beyond ASCII and with none", async () => {
    const secrets = new SecretsManagerClient(toOwnerConfig(aws.aws));
    const lambda = new LambdaClient(toOwnerConfig(aws.aws));
    onTestFinished(() => (secrets.destroy(), lambda.destroy()));
    const fn = await createFunction(aws, "export const handler = () => {};");

    await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: "สวัสดี" }));
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId }));
    const FunctionName = String(fn.outputs["arn"]);
    const found = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName, Qualifier: "$LATEST" }));

    expect(SecretString).toBe("สวัสดี");
    expect(found.FunctionName).toBe(fn.id);
  });
});
