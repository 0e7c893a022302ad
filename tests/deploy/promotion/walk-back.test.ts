import { describe, expect, it } from "vitest";
import { chooseFormer, findWay, type PinnedOperation } from "../../../deploy/promotion/walk-back.ts";

const toPin = (letter: string) => ({ artifact: letter.toLowerCase().repeat(64), commit: undefined });
/** A capital letter is an update with that artifact, a small one a refresh. */
const operations = (history: string): PinnedOperation[] =>
  history
    .split("")
    .map((letter) => ({ kind: letter === letter.toUpperCase() ? "update" : "refresh", pin: toPin(letter) }));
const letterOf = ({ artifact }: { artifact: string }) => artifact.slice(0, 1).toUpperCase();

describe("the way that led to what runs", () => {
  it.each([
    ["", ""],
    ["ABC", "ABC"],
    ["AABBB", "AB"],
    ["ABCB", "AB"],
    ["ABCBD", "ABD"],
    ["ABCbD", "ABD"],
    ["ABCBA", "A"],
    ["ABCBC", "ABC"],
    ["AbC", "AC"],
    ["ABCb", "AB"],
  ])("after %s is %s", (history, way) => {
    expect(findWay(operations(history)).map(letterOf).join("")).toBe(way);
  });
});

describe("a rollback", () => {
  it.each([
    ["ABC", "C", "B"],
    ["ABC", "B", "A"],
    ["ABCb", "B", "A"],
    ["ABCB", "B", "A"],
    ["ABCBD", "D", "B"],
    ["ABCbD", "D", "B"],
    ["ABC", "D", "C"],
    ["A", undefined, "A"],
  ])("after %s with %s pinned goes to %s", (history, now, former) => {
    const chosen = chooseFormer(operations(history), now === undefined ? undefined : toPin(now), "prod");

    expect(letterOf(chosen)).toBe(former);
  });

  it.each([
    ["A", "A"],
    ["ABCBA", "A"],
    ["", "A"],
  ])("after %s with %s pinned finds nothing older, and says how to reach others", (history, now) => {
    expect(() => chooseFormer(operations(history), toPin(now), "prod")).toThrow(
      /There is no older artifact to go back to.*npm run rollback -- prod --to <digits>/,
    );
  });

  it("goes to any artifact that was proved, by its first digits, and to none that only a refresh had", () => {
    expect(letterOf(chooseFormer(operations("ABCBA"), toPin("A"), "prod", "cc"))).toBe("C");
    expect(() => chooseFormer(operations("ABd"), toPin("B"), "prod", "dd")).toThrow("There is no such artifact");
  });

  it("asks for more digits where several artifacts begin with those", () => {
    const long = (last: string) => ({
      kind: "update",
      pin: { artifact: `${"a".repeat(63)}${last}`, commit: undefined },
    });

    expect(() => chooseFormer([long("1"), long("2")], toPin("b"), "prod", "aa")).toThrow(
      "Several artifacts begin with",
    );
  });
});
