import { describe, expect, it } from "vitest";
import { proveVersion } from "../../../infra/proven-version/proof.ts";
import { diff } from "../../../infra/proven-version/provider.ts";
import { signatureHeader, verifySignature } from "../../../line/signature.ts";

const channelSecret = "5e1f0d9c8b7a6958473625140f1e2d3c";
const candidate = { versionArn: "arn:aws:lambda:ap-northeast-1:123456789012:function:bot:7", version: "7" };

interface Payload {
  body: string;
  headers: Record<string, string>;
  requestContext: { http: { method: string; path: string } };
}

function createWorld(...answers: unknown[]) {
  const invoked: { arn: string; payload: Payload }[] = [];
  const told: string[] = [];
  const waits: number[] = [];
  return {
    invoked,
    told,
    waits,
    readCredentials: async () => ({ channelId: "2000000001", channelSecret }),
    invoke: async (arn: string, payload: unknown) => {
      invoked.push({ arn, payload: payload as Payload });
      return answers.length > 1 ? answers.shift() : answers[0];
    },
    tell: (message: string) => void told.push(message),
    wait: async (milliseconds: number) => void waits.push(milliseconds),
  };
}

describe("the proof of a version", () => {
  it("is that it answers LINE's signed, empty webhook with 200", async () => {
    const world = createWorld({ statusCode: 200 });

    await proveVersion(world, { ...candidate, botUserId: "Ubot" }, false);

    const [{ arn, payload } = { arn: "", payload: undefined }] = world.invoked;
    expect(arn).toBe(candidate.versionArn);
    expect(payload?.requestContext.http).toEqual({ method: "POST", path: "/webhook" });
    expect(JSON.parse(payload?.body ?? "")).toEqual({ destination: "Ubot", events: [] });
    expect(verifySignature(payload?.body ?? "", channelSecret, payload?.headers[signatureHeader])).toBe(true);
  });

  it.each([
    [{ statusCode: 401 }, '{"statusCode":401}'],
    [{ errorType: "SyntaxError", errorMessage: "Unexpected token" }, "SyntaxError: Unexpected token"],
    [{ errorMessage: "Task timed out after 10.00 seconds" }, "Error: Task timed out"],
    [null, "null"],
    [undefined, "nothing"],
  ])("fails for the answer %o, at once where the version is not the first", async (answer, reason) => {
    const world = createWorld(answer);

    const failed = proveVersion(world, candidate, false);

    await expect(failed).rejects.toThrow(`Version 7 of the function does not answer`);
    await expect(failed).rejects.toThrow(reason);
    await expect(failed).rejects.toThrow("The live version was not changed.");
    expect(world.invoked).toHaveLength(1);
  });

  it("waits for the permissions of a new role, where the version is the first", async () => {
    const world = createWorld({ errorMessage: "AccessDenied" }, { statusCode: 500 }, { statusCode: 200 });

    await proveVersion(world, candidate, true);

    expect(world.waits).toHaveLength(2);
    expect(world.told[0]).toContain("Trying again in 1 s.");
  });

  it("does not wait for ever", async () => {
    const world = createWorld({ statusCode: 500 });

    await expect(proveVersion(world, candidate, true)).rejects.toThrow("500");

    expect(world.waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThanOrEqual(10_000);
  });

  it("tells no secret", async () => {
    await expect(proveVersion(createWorld({ statusCode: 500 }), candidate, false)).rejects.not.toThrow(channelSecret);
  });
});

describe("the resource", () => {
  it("is proved again for another version, and for nothing else", async () => {
    const olds = { ...candidate, credentials: "arn:one" };

    expect(await diff("id", olds, { ...olds, credentials: "arn:two", botUserId: "U" })).toEqual({ changes: false });
    expect(await diff("id", olds, { ...olds, versionArn: `${candidate.versionArn}8` })).toEqual({ changes: true });
  });
});
