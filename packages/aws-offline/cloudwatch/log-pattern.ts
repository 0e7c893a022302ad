import { tryParseJson } from "@pulumi-line-bot/kit/json";
import { ServiceError } from "../errors.ts";
import { parseJsonPattern, UnknownPattern } from "./json-pattern.ts";

/** One line of a log, parsed once for all who ask. */
export interface LogLine {
  message: string;
  /** Undefined for what is no JSON. */
  readonly json: unknown;
}

export type LogTest = (line: LogLine) => boolean;

export function toLine(message: string): LogLine {
  let json: unknown;
  let isParsed = false;
  return {
    message,
    get json() {
      if (!isParsed) json = tryParse(message);
      isParsed = true;
      return json;
    },
  };
}

/**
 * CloudWatch's filter patterns, of metric filters and searches alike: comparisons between braces, terms without.
 * @throws a `ServiceError` for what is wrong, and for what is not evaluated here: regular expressions between percent
 * signs, space-delimited patterns between brackets, and `[*]` in selectors.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function parseLogPattern(pattern: string): LogTest {
  const text = pattern.trim();
  try {
    const [, expression] = /^\{(.*)\}$/s.exec(text) ?? [];
    if (expression === undefined) return parseTerms(text);
    const test = parseJsonPattern(expression);
    return ({ json }) => typeof json === "object" && json !== null && test(json);
  } catch (error) {
    if (!(error instanceof UnknownPattern)) throw error;
    throw new ServiceError(
      "InvalidParameterException",
      `The filter pattern ${text} is wrong, or means what the offline AWS does not evaluate: ${error.message}.`,
    );
  }
}

const TERM = /([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\w+))(?=\s|$)\s*/y;

/** All of the terms, none of those behind a minus; of those behind a question mark, any one. */
function parseTerms(text: string): LogTest {
  const terms: Record<"" | "?" | "-", string[]> = { "": [], "?": [], "-": [] };
  TERM.lastIndex = 0;
  while (TERM.lastIndex < text.length) {
    const at = TERM.lastIndex;
    const [, sign = "", quoted, word] = TERM.exec(text) ?? [];
    const term = quoted?.replaceAll(/\\(.)/g, "$1") ?? word;
    if (term === undefined)
      throw new UnknownPattern(`${text.slice(at, at + 20)} is no term; put other than letters and digits in quotes`);
    terms[sign as keyof typeof terms].push(term);
  }
  return ({ message }) =>
    terms[""].every((term) => message.includes(term)) &&
    !terms["-"].some((term) => message.includes(term)) &&
    // Beside required terms, optional ones decide nothing.
    (terms["?"].length === 0 || terms[""].length > 0 || terms["?"].some((term) => message.includes(term)));
}

// Most lines that are no JSON show it at once.
const tryParse = (message: string): unknown => (message.startsWith("{") ? tryParseJson(message) : undefined);
