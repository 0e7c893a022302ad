import { expect, test } from "vitest";
import { findSettings } from "../../../deploy/bootstrap/settings.ts";

const find = (stack: string) => findSettings({ stack, account: "111122223333" });

test.each(["prod-bot", "prod-bot-eu", "a-b-bot"])(
  "a stack %s, which another one's roles could reach, is refused",
  (stack) =>
    expect(find(stack)).rejects.toThrow(
      /The roles of a stack \S+ could reach what is of stack \S+: their names begin alike/,
    ),
);

test.each(["bot", "bot-eu", "robot", "prod-bots", "prod-eu"])("a stack %s may have roles", (stack) =>
  expect(find(stack)).rejects.toThrow(`aws:region is not set in Pulumi.${stack}.yaml`),
);
