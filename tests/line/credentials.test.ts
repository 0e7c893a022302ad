import { expect, test } from "vitest";
import { parseCredentials } from "../../line/credentials.ts";

test("takes id and secret, with or without a long-lived token, and drops what it does not know", () => {
  const both = { channelId: "1234567890", channelSecret: "8c570fa6dd201bb328f1c1eac23a96d8" };

  expect(parseCredentials(JSON.stringify({ ...both, note: "x" }))).toEqual(both);
  expect(parseCredentials(JSON.stringify({ ...both, channelAccessToken: "t" }))).toEqual({
    ...both,
    channelAccessToken: "t",
  });
});

test.each([
  ["", "not JSON"],
  ["canary", "not JSON"],
  ["null", "is missing or not a string"],
  ['{"channelId":"1"}', "channelSecret is missing or not a string"],
  ['{"channelId":1,"channelSecret":"canary"}', "channelId is missing or not a string"],
  ['{"channelId":"1","channelSecret":""}', "channelSecret is empty or has white space in it"],
  ['{"channelId":"1","channelSecret":"canary\\n"}', "channelSecret is empty or has white space in it"],
  ['{"channelId":"1","channelSecret":" canary"}', "channelSecret is empty or has white space in it"],
  ['{"channelId":"canary","channelSecret":"canary"}', "channelId is not made of digits"],
  ['{"channelId":"1","channelSecret":"canary","channelAccessToken":"canary "}', "channelAccessToken is empty"],
])("says what is wrong with %j, and never shows a value", (text, message) => {
  expect(() => parseCredentials(text)).toThrow(message);
  expect(() => parseCredentials(text)).not.toThrow("canary");
});
