import { SELECTOR, tryParseSelector, type Select } from "./json-selector.ts";

export type JsonTest = (document: unknown) => boolean;

/** What this pattern means is not known here: the text says what, for the one who wrote it. */
export class UnknownPattern extends Error {
  override readonly name = "UnknownPattern";
}

type Token = { kind: "sign" | "selector" | "text" | "word"; text: string };

const TOKENS: [Token["kind"], RegExp][] = [
  ["sign", /&&|\|\||!=|<=|>=|[=<>()]/y],
  ["selector", new RegExp(SELECTOR.source, "y")],
  ["text", /"(?:[^"\\]|\\.)*"/y],
  ["word", /[\w.*:/+-]+/y],
];

/**
 * What stands between the braces of `{ $.a = "b" && ($.c >= 5 || $.d IS NULL) }`. A number is equal to a number only,
 * a text to a text only, and what the document does not have is neither equal nor unequal to anything.
 * @throws UnknownPattern
 */
export function parseJsonPattern(expression: string): JsonTest {
  const tokens = tokenize(expression);
  const next = (): Token => {
    const token = tokens.shift();
    if (!token) throw new UnknownPattern("it ends too early");
    return token;
  };
  const takes = (sign: string) => tokens[0]?.kind === "sign" && tokens[0].text === sign && tokens.shift() !== undefined;

  const either = (): JsonTest => {
    const tests = [both()];
    while (takes("||")) tests.push(both());
    return tests.length === 1 && tests[0] ? tests[0] : (document) => tests.some((test) => test(document));
  };
  const both = (): JsonTest => {
    const tests = [one()];
    while (takes("&&")) tests.push(one());
    return (document) => tests.every((test) => test(document));
  };
  const one = (): JsonTest => {
    if (takes("(")) {
      const test = either();
      if (!takes(")")) throw new UnknownPattern("a parenthesis is not closed");
      return test;
    }
    const token = next();
    const select = token.kind === "selector" ? tryParseSelector(token.text) : undefined;
    if (!select) throw new UnknownPattern(`a selector such as $.status is expected at ${token.text}`);
    return toTest(select, next(), next());
  };

  const test = either();
  if (tokens[0]) throw new UnknownPattern(`${tokens[0].text} is not expected`);
  return test;
}

const STATES: Record<string, (value: unknown) => boolean> = {
  "IS NULL": (value) => value === null,
  "IS TRUE": (value) => value === true,
  "IS FALSE": (value) => value === false,
  "NOT EXISTS": (value) => value === undefined,
};

const COMPARISONS: Record<string, (value: number, wanted: number) => boolean> = {
  "<": (value, wanted) => value < wanted,
  "<=": (value, wanted) => value <= wanted,
  ">": (value, wanted) => value > wanted,
  ">=": (value, wanted) => value >= wanted,
};

function toTest(select: Select, operator: Token, value: Token): JsonTest {
  const state = STATES[`${operator.text} ${value.text}`];
  if (state) return (document) => state(select(document));
  if (value.kind !== "text" && value.kind !== "word") throw new UnknownPattern(`${value.text} is no value`);
  if (operator.text === "=" || operator.text === "!=") {
    const isEqual = toEquality(value);
    const wanted = operator.text === "=";
    return (document) => {
      const found = select(document);
      return isScalar(found) && isEqual(found) === wanted;
    };
  }
  const compare = operator.kind === "sign" ? COMPARISONS[operator.text] : undefined;
  const number = toNumber(value);
  if (!compare || number === undefined)
    throw new UnknownPattern(`${operator.text} ${value.text} is no comparison with a number`);
  return (document) => {
    const found = select(document);
    return typeof found === "number" && compare(found, number);
  };
}

function toEquality(value: Token): (found: string | number | boolean) => boolean {
  const text = value.kind === "text" ? value.text.slice(1, -1).replaceAll(/\\(.)/g, "$1") : value.text;
  // An asterisk stands for any text, also for that of a number.
  if (text.includes("*")) {
    const expression = new RegExp(`^${text.split("*").map(escape).join(".*")}$`, "s");
    return (found) => expression.test(String(found));
  }
  const number = toNumber(value);
  return number === undefined ? (found) => found === text : (found) => found === number;
}

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

function toNumber({ kind, text }: Token): number | undefined {
  return kind === "word" && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function isScalar(value: unknown): value is string | number | boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

function tokenize(expression: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(expression[at] ?? "")) at += 1;
    if (at >= expression.length) return tokens;
    const token = readToken(expression, at);
    if (!token) throw new UnknownPattern(`${expression.slice(at, at + 20).trim()} cannot be read`);
    tokens.push(token);
    at += token.text.length;
  }
}

function readToken(expression: string, at: number): Token | undefined {
  for (const [kind, pattern] of TOKENS) {
    pattern.lastIndex = at;
    const text = pattern.exec(expression)?.[0];
    if (text !== undefined) return { kind, text };
  }
  return undefined;
}
