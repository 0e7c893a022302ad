import { describe, expect, test } from "vitest";
import { findEndpoint } from "../../functions/shared/aws/environment.ts";
import { callback, channelSecret, operationOf, secretArn, signed, textEvent, type Call, type Cloud } from "./cloud.ts";
import { startFunction } from "./setup.ts";

const body = callback(textEvent("hello"));
const ping = callback();
const isForSecret = (call: Call) => operationOf(call) === "GetSecretValue";
const fetches = (cloud: Cloud) => cloud.callsOf("GetSecretValue").length;

/** A clock that moves when a test says so. */
function createClock() {
  const clock = { ms: 1_700_000_000_000, now: () => clock.ms };
  return clock;
}

test("asks Secrets Manager as AWS is asked: signed, with the session's token, for the one secret", async () => {
  await using fn = await startFunction();

  await fn.send(signed(ping));

  expect(fn.cloud.calls).toHaveLength(1);
  const [call] = fn.cloud.calls;
  expect(call).toMatchObject({ method: "POST", path: "/", body: JSON.stringify({ SecretId: secretArn }) });
  expect(call?.headers).toMatchObject({
    "content-type": "application/x-amz-json-1.1",
    "x-amz-target": "secretsmanager.GetSecretValue",
    "x-amz-security-token": "session-token",
    authorization: expect.stringMatching(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/ap-northeast-1\/secretsmanager\/aws4_request, SignedHeaders=\S+, Signature=[0-9a-f]{64}$/,
    ),
  });
});

test.each([
  [{}, "us-east-1", "https://secretsmanager.us-east-1.amazonaws.com/"],
  [{}, "cn-north-1", "https://secretsmanager.cn-north-1.amazonaws.com.cn/"],
  [{}, "eusc-de-east-1", "https://secretsmanager.eusc-de-east-1.amazonaws.eu/"],
  [{ AWS_ENDPOINT_URL: "http://127.0.0.1:4566" }, "us-east-1", "http://127.0.0.1:4566/"],
  [
    { AWS_ENDPOINT_URL: "http://127.0.0.1:4566", AWS_ENDPOINT_URL_SECRETS_MANAGER: "https://vpce.example.com" },
    "us-east-1",
    "https://vpce.example.com/",
  ],
])("with %j in %s, Secrets Manager is at %s", (env, region, url) => {
  expect(findEndpoint("secretsmanager", { AWS_REGION: region, ...env }).href).toBe(url);
});

test.each(["http://example.com", "", "example.com", "file:///tmp"])("reads no secret from %j", (url) => {
  expect(() => findEndpoint("secretsmanager", { AWS_REGION: "us-east-1", AWS_ENDPOINT_URL: url })).toThrow(
    "neither https://",
  );
});

test("fetches the secret unasked, keeps it for five minutes, and then fetches it again", async () => {
  const clock = createClock();
  await using fn = await startFunction({ now: clock.now });

  await fn.send(signed(ping));
  await fn.send(signed(ping));
  clock.ms += 299_000;
  await fn.send(signed(ping));
  expect(fetches(fn.cloud)).toBe(1);

  clock.ms += 1000;
  await Promise.all([fn.send(signed(ping)), fn.send(signed(ping))]);
  expect(fetches(fn.cloud)).toBe(2);
});

describe("when the channel secret is reissued", () => {
  const reissue = (cloud: Cloud) => (cloud.secret = { channelId: "1234567890", channelSecret: "reissued" });

  test("a signature with the new one verifies within seconds, and one with the old no more", async () => {
    const clock = createClock();
    await using fn = await startFunction({ now: clock.now });
    await fn.send(signed(ping));

    reissue(fn.cloud);
    clock.ms += 10_000;

    expect(await fn.status(signed(body, "reissued"))).toBe(200);
    expect(await fn.status(signed(body, channelSecret))).toBe(401);
    expect(fn.cloud.replies()).toEqual(["You said: hello"]);
    expect(fetches(fn.cloud)).toBe(2);
  });

  test("two requests at once wait for the same new secret", async () => {
    const clock = createClock();
    await using fn = await startFunction({ now: clock.now });
    await fn.send(signed(ping));

    reissue(fn.cloud);
    clock.ms += 10_000;

    expect(await Promise.all([1, 2].map(() => fn.status(signed(ping, "reissued"))))).toEqual([200, 200]);
    expect(fetches(fn.cloud)).toBe(2);
  });
});

test("a flood of forged signatures makes one fetch in ten seconds, and the rightful sender is served", async () => {
  const clock = createClock();
  await using fn = await startFunction({ now: clock.now });
  await fn.send(signed(ping));

  for (let forged = 0; forged < 1000; forged++) {
    clock.ms += 50;
    expect(await fn.status(signed(ping, `guess ${forged}`))).toBe(401);
  }

  expect(fetches(fn.cloud)).toBe(1 + 5);
  expect(await fn.status(signed(ping))).toBe(200);
  expect(fn.log().filter(({ level }) => level === "ERROR")).toEqual([]);
});

test("a request without the form of a signature makes no fetch", async () => {
  await using fn = await startFunction({ prepare: failWith(400, { __type: "AccessDeniedException" }) });

  expect(await fn.status({ ...signed(body), headers: { "x-line-signature": "short" } })).toBe(401);
  expect(fetches(fn.cloud)).toBeLessThanOrEqual(1);
});

const failWith = (status: number, answer: unknown) => (cloud: Cloud) => {
  cloud.override = (call) => (isForSecret(call) ? { status, body: answer } : undefined);
};

describe("fails closed with 503 when Secrets Manager", () => {
  const holds = (secret: Cloud["secret"]) => (cloud: Cloud) => void (cloud.secret = secret);

  test.each<[string, (cloud: Cloud) => void, string]>([
    ["is down", failWith(500, { __type: "InternalServiceError" }), "500 InternalServiceError"],
    ["denies", failWith(400, { __type: "AccessDeniedException", Message: "canary" }), "400 AccessDeniedException"],
    ["knows no such secret", failWith(400, { __type: "com.a#ResourceNotFoundException" }), "ResourceNotFoundException"],
    ["answers what is not JSON", failWith(200, "<html>canary"), "without a SecretString"],
    ["holds bytes", failWith(200, { SecretBinary: "Y2FuYXJ5" }), "without a SecretString"],
    ["holds what is not JSON", holds("canary"), "is not JSON"],
    ["holds nothing", holds(""), "is not JSON"],
    ["holds an empty secret", holds({ channelId: "1", channelSecret: "" }), "channelSecret is empty"],
    [
      "holds a line break after the secret",
      holds({ channelId: "1", channelSecret: "canary\n" }),
      "channelSecret is empty or has white",
    ],
    ["holds no id", holds({ channelSecret: "canary" }), "channelId is missing"],
  ])("%s", async (_, prepare, reason) => {
    await using fn = await startFunction({ prepare });

    expect(await fn.status(signed(body))).toBe(503);
    expect(await fn.status(signed(body, ""))).toBe(503);
    expect(fn.cloud.replies()).toEqual([]);
    expect(fn.log()[0]).toMatchObject({ level: "ERROR", status: 503, reason: expect.stringContaining(reason) });
    expect(fn.lines.join("")).not.toContain("canary");
  });

  test("does not answer in time", async () => {
    const never = new Promise(() => undefined);
    await using fn = await startFunction({
      prepare: (cloud) => (cloud.override = (call) => (isForSecret(call) ? { after: never } : undefined)),
    });

    expect(await fn.status(signed(body))).toBe(503);
    await Promise.all(fn.cloud.calls.map(({ closed }) => closed));
  });

  test("cannot be reached, and one request a second asks it", async () => {
    const clock = createClock();
    await using fn = await startFunction({
      now: clock.now,
      prepare: failWith(400, { __type: "AccessDeniedException" }),
    });

    for (let sent = 0; sent < 20; sent++) expect(await fn.status(signed(body))).toBe(503);
    expect(fetches(fn.cloud)).toBe(2); // One unasked, one for the first request.

    clock.ms += 1000;
    fn.cloud.override = () => undefined;
    expect(await fn.status(signed(body))).toBe(200);
  });
});

test("the first request tries again when the first fetch failed", async () => {
  let first = true;
  await using fn = await startFunction({
    prepare: (cloud) => {
      cloud.override = (call) => {
        if (!isForSecret(call) || !first) return undefined;
        first = false;
        return { status: 400, body: { __type: "AccessDeniedException" } };
      };
    },
  });

  expect(await fn.status(signed(body))).toBe(200);
  expect(fetches(fn.cloud)).toBe(2);
});

test("a moment's failure of Secrets Manager is not the sender's", async () => {
  const failures = [500, 503];
  await using fn = await startFunction({
    prepare: (cloud) => {
      cloud.override = (call) => {
        const status = isForSecret(call) ? failures.shift() : undefined;
        return status === undefined ? undefined : { status };
      };
    },
  });

  expect(await fn.status(signed(body))).toBe(200);
  expect(fetches(fn.cloud)).toBe(3);
});

test("with the secret at hand, a forged signature is 401 and a true one 200 while Secrets Manager is down", async () => {
  const clock = createClock();
  await using fn = await startFunction({ now: clock.now });
  await fn.send(signed(ping));

  failWith(400, { __type: "AccessDeniedException" })(fn.cloud);
  clock.ms += 60_000;

  for (let forged = 0; forged < 5; forged++) {
    expect(await fn.status(signed(ping, "forged"))).toBe(401);
    clock.ms += 1900;
  }
  expect(await fn.status(signed(ping))).toBe(200);
  expect(fetches(fn.cloud)).toBe(2);
});

describe("while Secrets Manager is down for longer than the credentials are fresh", () => {
  const stale = "credentials cannot be read, those at hand serve";
  const again = "credentials can be read again";
  const ofCredentials = (fn: Awaited<ReturnType<typeof startFunction>>) =>
    fn.log().filter(({ message }) => message === stale || message === again);

  test("those at hand serve, one look in ten seconds is made, and the log says when it begins and ends", async () => {
    const clock = createClock();
    await using fn = await startFunction({ now: clock.now });
    await fn.send(signed(ping));
    failWith(400, { __type: "AccessDeniedException" })(fn.cloud);

    clock.ms += 5 * 60_000;
    for (let sent = 0; sent < 60; sent++) {
      expect(await fn.status(signed(body))).toBe(200);
      clock.ms += 60_000 / 60;
    }
    expect(fetches(fn.cloud)).toBe(1 + 6);
    expect(ofCredentials(fn)).toMatchObject([
      { level: "ERROR", message: stale, reason: expect.stringContaining("AccessDeniedException") },
    ]);

    fn.cloud.override = () => undefined;
    clock.ms += 10_000;
    expect(await fn.status(signed(body))).toBe(200);
    expect(await fn.status(signed(body))).toBe(200);
    expect(fetches(fn.cloud)).toBe(1 + 6 + 1);
    expect(ofCredentials(fn).slice(1)).toMatchObject([{ level: "INFO", message: again }]);
  });

  test("a request does not wait for an answer that does not come", async () => {
    const clock = createClock();
    await using fn = await startFunction({ now: clock.now });
    await fn.send(signed(ping));
    const { promise: answer, resolve } = Promise.withResolvers<void>();
    fn.cloud.override = (call) => (isForSecret(call) ? { after: answer } : undefined);

    clock.ms += 24 * 60 * 60_000;
    expect(await fn.status(signed(body))).toBe(200);
    expect(ofCredentials(fn)).toEqual([]); // The look is still under way.
    resolve();
  });

  test("what is forged is refused, and a look because of it counts like any other", async () => {
    const clock = createClock();
    await using fn = await startFunction({ now: clock.now });
    await fn.send(signed(ping));
    failWith(400, { __type: "AccessDeniedException" })(fn.cloud);

    clock.ms += 5 * 60_000;
    for (let sent = 0; sent < 40; sent++) {
      expect(await fn.status(signed(body, "forged"))).toBe(401);
      clock.ms += 1000;
    }
    expect(fetches(fn.cloud)).toBe(1 + 4);
  });

  test("a secret that is reissued meanwhile is known as soon as it can be read", async () => {
    const clock = createClock();
    await using fn = await startFunction({ now: clock.now });
    await fn.send(signed(ping));
    failWith(500, { __type: "InternalServiceError" })(fn.cloud);
    clock.ms += 6 * 60_000;
    expect(await fn.status(signed(body))).toBe(200);
    expect(await fn.status(signed(body, "reissued"))).toBe(401);

    fn.cloud.override = () => undefined;
    fn.cloud.secret = { channelId: "1234567890", channelSecret: "reissued" };
    clock.ms += 10_000;

    expect(await fn.status(signed(body, "reissued"))).toBe(200);
    expect(await fn.status(signed(body, channelSecret))).toBe(401);
  });
});
