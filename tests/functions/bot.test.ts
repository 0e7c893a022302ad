import { expect, expectTypeOf, test } from "vitest";
import type { Bot } from "../../functions/bot-interface.ts";
import { callback, event, signed, textEvent, userId } from "./cloud.ts";
import { startFunction } from "./setup.ts";

test("answers a text message", async () => {
  await using fn = await startFunction();
  fn.cloud.profiles.set(userId, { userId, displayName: "Alice", language: "en" });

  const { statusCode } = await fn.send(signed(callback(textEvent("hello"))));

  expect(statusCode).toBe(200);
  expect(fn.cloud.replies()).toEqual(["You said: hello"]);
});

test.each([
  ["ja", "「hi」ですね。"],
  ["ja-JP", "「hi」ですね。"],
  ["th", "คุณพูดว่า: hi"],
  ["th-TH", "คุณพูดว่า: hi"],
  ["zh-Hant", "你說：hi"],
  ["zh-TW", "你說：hi"],
  ["zh-HK", "你說：hi"],
  ["zh_TW", "你說：hi"],
  ["zh-Hans", "You said: hi"],
  ["en-GB", "You said: hi"],
  ["ko", "You said: hi"],
  ["not a language", "You said: hi"],
  [undefined, "You said: hi"],
])("answers a user whose language is %s with %s", async (language, answer) => {
  await using fn = await startFunction();
  fn.cloud.profiles.set(userId, { userId, displayName: "Alice", ...(language && { language }) });

  await fn.send(signed(callback(textEvent("hi"))));

  expect(fn.cloud.replies()).toEqual([answer]);
});

test("greets a new friend, and says hello to a group it joins", async () => {
  await using fn = await startFunction();
  fn.cloud.profiles.set(userId, { userId, displayName: "さくら", language: "ja" });

  await fn.send(
    signed(
      callback(
        event("follow", { replyToken: "t1", follow: { isUnblocked: false } }),
        event("join", { replyToken: "t2", source: { type: "group", groupId: "C0123456789abcdef0123456789abcdef" } }),
      ),
    ),
  );

  expect(fn.cloud.replies().toSorted()).toEqual([
    "Hello everyone! Thank you for having me.",
    "友だち追加ありがとうございます！何か話しかけてください。",
  ]);
});

test("lets a handler reply only where LINE takes a reply, and see what its event has", () => {
  type ContextOf<Handler> = Handler extends (context: infer Context) => unknown ? Context : never;
  type Message = NonNullable<Bot["message"]>;

  expectTypeOf<ContextOf<Bot["follow"] & {}>>().toHaveProperty("reply");
  expectTypeOf<ContextOf<Bot["otherwise"] & {}>>().toHaveProperty("reply");
  expectTypeOf<ContextOf<Bot["unfollow"] & {}>>().not.toHaveProperty("reply");
  expectTypeOf<ContextOf<Bot["unfollow"] & {}>>().not.toHaveProperty("replyOrPush");
  expectTypeOf<ContextOf<Bot["unfollow"] & {}>>().toHaveProperty("push");
  expectTypeOf<ContextOf<Message["text"] & {}>["event"]["message"]["text"]>().toEqualTypeOf<string>();
  expectTypeOf<ContextOf<Bot["postback"] & {}>["event"]["postback"]["data"]>().toEqualTypeOf<string>();
});
