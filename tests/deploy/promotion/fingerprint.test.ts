import { describe, expect, test } from "vitest";
import { formatFingerprint, requireFingerprint } from "../../../deploy/fingerprint.ts";

const reviewed = {
  program: "a".repeat(64),
  configuration: "b".repeat(64),
  artifact: "c".repeat(64),
  state: "d".repeat(64),
};
const text = Object.values(reviewed).join("-");

describe("the fingerprint of a plan", () => {
  test("is written as four whole digests, and lets what was reviewed through", () => {
    expect(formatFingerprint(reviewed)).toBe(text);
    expect(() => requireFingerprint(text, reviewed)).not.toThrow();
  });

  test.each([
    ["program", /^Since the plan was reviewed, the program \(infra\/.*\) has changed\. Nothing was deployed\./],
    ["configuration", /, the stack's file has changed\./],
    ["artifact", /, the artifact has changed\./],
    ["state", /, what the stack has deployed \(its state\) has changed\./],
  ] as const)("says that %s has moved, and what it is now", (part, says) => {
    const now = { ...reviewed, [part]: "0".repeat(64) };

    expect(() => requireFingerprint(text, now)).toThrow(says);
    expect(() => requireFingerprint(text, now)).toThrow(formatFingerprint(now));
  });

  test("names all that has moved", () => {
    const now = { ...reviewed, program: "0".repeat(64), artifact: "0".repeat(64) };

    expect(() => requireFingerprint(text, now)).toThrow(/the program .* and the artifact have changed/);
  });

  test.each(["", "aaaaaaaa", "aaaaaaaa-bbbbbbbb-cccccccc-dddddddd", text.toUpperCase()])("is not %j", (wrong) => {
    expect(() => requireFingerprint(wrong, reviewed)).toThrow(/four times 64 digits/);
  });
});
