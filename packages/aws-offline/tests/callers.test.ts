import { describe, expect, test } from "vitest";
import { knockAs, mayBeAnother, nobody } from "../../kit/tests/peers.ts";
import { shareAws } from "./support/local-aws.ts";

const aws = shareAws();

describe("the provider", () => {
  test("answers this user's processes", async () => {
    expect(await knockAs(undefined, aws.aws.providerPort)).toBe("answered");
  });

  test.runIf(mayBeAnother)("does not answer another user's (runs as root on Linux)", async () => {
    expect(await knockAs(nobody, aws.aws.providerPort)).toBe("refused");
  });

  test("does not answer what a page can send", async () => {
    const asked = fetch(`http://127.0.0.1:${aws.aws.providerPort}/pulumirpc.ResourceProvider/Configure`, {
      method: "POST",
    });

    await expect(asked).rejects.toThrow("fetch failed");
  });
});
