import { AwsClient } from "aws4fetch";
import { describe, expect, test } from "vitest";
import { createSignRequest } from "../../functions/shared/aws/sign-request.ts";

const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const date = new Date("2015-08-30T12:36:00Z");
const url = new URL("https://example.amazonaws.com/");

/** Cases of AWS's test suite for Signature Version 4: its requests that are POST, without a query. */
describe("signs a request of AWS's own test suite:", () => {
  const sessionToken =
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
  test.each([
    ["post-vanilla", {}, "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
    [
      "post-header-key-sort",
      { "my-header1": "value1" },
      "",
      "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    ],
    [
      "post-header-value-case",
      { "my-header1": "VALUE1" },
      "",
      "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
    ],
    [
      "post-x-www-form-urlencoded",
      { "content-type": "application/x-www-form-urlencoded" },
      "Param1=value1",
      "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ],
    ["post-sts-header-before", {}, "", "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"],
  ])("%s", (name, headers, body, signature) => {
    const sign = createSignRequest({ ...keys, ...(name.includes("sts") && { sessionToken }) }, "us-east-1", "service");

    const names = [
      "host",
      ...Object.keys(headers),
      "x-amz-date",
      ...(name.includes("sts") ? ["x-amz-security-token"] : []),
    ];
    expect(sign({ url, headers, body }, date)["authorization"]).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names.toSorted().join(";")}, Signature=${signature}`,
    );
  });
});

test.each(["2026-11-23T00:00:00Z", "2026-11-23T23:59:59Z", "2026-11-24T00:00:00Z", "2026-11-23T00:00:00Z"])(
  "signs a call at %s as another signer does, with the key of its day",
  async (time) => {
    const endpoint = new URL("http://127.0.0.1:4566/");
    const body = JSON.stringify({ QueueUrl: "こんにちは" });
    const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessageBatch" };

    const signed = sign({ url: endpoint, headers, body }, new Date(time));

    const other = new AwsClient({ ...keys, sessionToken: "token", service: "sqs", region: "eu-west-1" });
    const datetime = time.replace(/[-:]/g, "");
    const expected = await other.sign(endpoint, {
      method: "POST",
      headers,
      body,
      aws: { datetime, allHeaders: true },
    });
    expect(signed["authorization"]).toBe(expected.headers.get("authorization"));
    expect(signed["x-amz-security-token"]).toBe("token");
  },
);

const sign = createSignRequest({ ...keys, sessionToken: "token" }, "eu-west-1", "sqs");
