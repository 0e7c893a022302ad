import { describe, expect, it } from "vitest";
import { proveVersion } from "../../../infra/proven-version/proof.ts";
import { diff } from "../../../infra/proven-version/provider.ts";
import { ProvenVersion, type ProvenVersionArgs } from "../../../infra/proven-version/resource.ts";
import { signatureHeader, verifySignature } from "@pulumi-line-bot/kit/signature";

const channelSecret = "5e1f0d9c8b7a6958473625140f1e2d3c";
const candidate = { versionArn: "arn:aws:lambda:ap-northeast-1:123456789012:function:bot:7", version: "7" };
const webhook = { ...candidate, credentials: "arn:secret" };
const queue = { ...candidate, probe: "queue" as const };

interface Payload {
  body: string;
  headers: Record<string, string>;
  requestContext: { http: { method: string; path: string } };
}

function createWorld(...answers: unknown[]) {
  const invoked: { arn: string; payload: Payload }[] = [];
  const told: string[] = [];
  const waits: number[] = [];
  const read: string[] = [];
  return {
    read,
    invoked,
    told,
    waits,
    readCredentials: async (secretArn: string) => {
      read.push(secretArn);
      return { channelId: "2000000001", channelSecret };
    },
    invoke: async (arn: string, payload: unknown) => {
      invoked.push({ arn, payload: payload as Payload });
      return answers.length > 1 ? answers.shift() : answers[0];
    },
    tell: (message: string) => void told.push(message),
    wait: async (milliseconds: number) => void waits.push(milliseconds),
  };
}

describe("the proof of a version", () => {
  it("is that it answers LINE's signed, empty webhook with 200, and forged ones with a refusal", async () => {
    const world = createWorld({ statusCode: 200 }, { statusCode: 401 });

    await proveVersion(world, { ...webhook, botUserId: "Ubot" }, "next");

    const [{ arn, payload } = { arn: "", payload: undefined }] = world.invoked;
    expect(arn).toBe(candidate.versionArn);
    expect(payload?.requestContext.http).toEqual({ method: "POST", path: "/webhook" });
    expect(JSON.parse(payload?.body ?? "")).toEqual({ destination: "Ubot", events: [] });
    const isAuthentic = world.invoked.map(({ payload: { body, headers } }) =>
      verifySignature(body, channelSecret, headers[signatureHeader]),
    );
    expect(isAuthentic).toEqual([true, false, false, false]);
    expect(new Set(world.invoked.map(({ payload: { headers } }) => headers[signatureHeader])).size).toBe(4);
    expect(world.read).toEqual(["arn:secret"]);
  });

  it.each([
    ["statusCode 400", { statusCode: 400 }],
    ["an error, which API Gateway answers with 500", { errorType: "Error", errorMessage: "no signature" }],
  ])("takes for a refusal: %s", async (_, refusal) => {
    const proved = proveVersion(createWorld({ statusCode: 200 }, refusal), webhook, "next");

    await expect(proved).resolves.toBeUndefined();
  });

  it.each([
    ["the signature of another body", [{ statusCode: 200 }]],
    ["no signature", [{ statusCode: 200 }, { statusCode: 401 }, { statusCode: 204 }]],
    ["a signature made with another secret", [{ statusCode: 200 }, { statusCode: 401 }, { statusCode: 401 }, "ok"]],
  ])("fails where the version takes a webhook with %s", async (forged, answers) => {
    const world = createWorld(...answers);

    const failed = proveVersion(world, webhook, "next");

    await expect(failed).rejects.toThrow(`takes a webhook with ${forged}, which anyone could send`);
    await expect(failed).rejects.toThrow(/The live version was not changed\. .*answer 401/);
  });

  it("says of a version that is live already that it is", async () => {
    const failed = proveVersion(createWorld({ statusCode: 200 }), webhook, "live");

    await expect(failed).rejects.toThrow("It is the live version");
  });

  it.each([
    [{ statusCode: 401 }, '{"statusCode":401}'],
    [{ errorType: "SyntaxError", errorMessage: "Unexpected token" }, "SyntaxError: Unexpected token"],
    [{ errorMessage: "Task timed out after 10.00 seconds" }, "Error: Task timed out"],
    [null, "null"],
    [undefined, "nothing"],
  ])("fails for the answer %o, at once where the version is not the first", async (answer, reason) => {
    const world = createWorld(answer);

    const failed = proveVersion(world, webhook, "next");

    await expect(failed).rejects.toThrow(`Version 7 of the function does not answer`);
    await expect(failed).rejects.toThrow(reason);
    await expect(failed).rejects.toThrow("The live version was not changed.");
    expect(world.invoked).toHaveLength(1);
  });

  it("waits for the permissions of a new role, where the version is the first", async () => {
    const unready = [{ errorMessage: "AccessDenied" }, { statusCode: 500 }];
    const world = createWorld(...unready, { statusCode: 200 }, { statusCode: 401 });

    await proveVersion(world, webhook, "first");

    expect(world.waits).toHaveLength(2);
    expect(world.told[0]).toContain("Trying again in 1 s.");
  });

  it("does not wait for ever", async () => {
    const world = createWorld({ statusCode: 500 });

    await expect(proveVersion(world, webhook, "first")).rejects.toThrow("500");

    expect(world.waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThanOrEqual(10_000);
  });

  it("is, for a function that reads a queue, that it answers an empty batch with no failures, without credentials", async () => {
    const world = createWorld({ batchItemFailures: [] });

    await proveVersion(world, queue, "next");

    expect(world.invoked).toEqual([{ arn: candidate.versionArn, payload: { Records: [] } }]);
    expect(world.read).toEqual([]);
  });

  it.each([
    [{ statusCode: 200 }, '{"statusCode":200}'],
    [{ batchItemFailures: [{ itemIdentifier: "1" }] }, "itemIdentifier"],
    [{ errorType: "TypeError", errorMessage: "x is not a function" }, "TypeError: x is not a function"],
    [null, "null"],
  ])("fails for the answer %o of a function that reads a queue", async (answer, reason) => {
    const failed = proveVersion(createWorld(answer), queue, "next");

    await expect(failed).rejects.toThrow('an empty batch of the queue with {"batchItemFailures":[]} but with');
    await expect(failed).rejects.toThrow(reason);
  });

  it("tells no secret", async () => {
    await expect(proveVersion(createWorld({ statusCode: 500 }), webhook, "next")).rejects.not.toThrow(channelSecret);
  });
});

describe("the resource", () => {
  it("is proved again for another version or in another way, and for nothing else", async () => {
    const olds = { ...candidate, credentials: "arn:one" };
    const news = { ...olds, credentials: "arn:two", botUserId: "U", probe: "webhook" };

    expect(await diff("id", olds, news)).toEqual({ changes: false });
    expect(await diff("id", olds, { ...olds, versionArn: `${candidate.versionArn}8` })).toEqual({ changes: true });
    expect(await diff("id", olds, queue)).toEqual({ changes: true });
  });

  it("is proved once more where fewer questions were asked, which is no drift to a refresh", async () => {
    const olds = { ...webhook };

    expect(await diff("id", olds, { ...olds, proof: "more" })).toEqual({ changes: true });
    expect(await diff("id", olds, olds)).toEqual({ changes: false });
  });

  it.each([
    ["no credentials for a webhook", {}, "`credentials` is missing"],
    ["another probe", { probe: "table" }, '`probe` has to be "webhook" or "queue", not "table"'],
  ])("refuses %s before anything is registered", (_, args, reason) => {
    // JavaScript would let it through.
    const create = () => new ProvenVersion("worker", { ...candidate, ...args } as unknown as ProvenVersionArgs);

    expect(create).toThrow(`ProvenVersion worker: ${reason}`);
  });
});
