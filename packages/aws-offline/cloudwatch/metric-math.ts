/** Values of one period each, by the period's start. */
export type TimeSeries = ReadonlyMap<number, number>;

interface Calculation {
  /** What an id of the queries stands for. */
  series: (id: string) => TimeSeries;
  /** Starts of the periods asked for: what `FILL` fills. */
  periods: readonly number[];
}

type Value = TimeSeries | number;
/** A term before it is calculated. */
type Term = (calculation: Calculation) => Value;

export interface Expression {
  ids: ReadonlySet<string>;
  calculate: (calculation: Calculation) => TimeSeries;
}

export class UnknownExpression extends Error {
  override readonly name = "UnknownExpression";
}

type Operation = (...values: number[]) => number;

/** Operators by how tightly they bind, loosest first. What is compared is 1 or 0. */
const OPERATORS: Record<string, Operation>[] = [
  { OR: (a, b) => Number(a !== 0 || b !== 0), "||": (a, b) => Number(a !== 0 || b !== 0) },
  { AND: (a, b) => Number(a !== 0 && b !== 0), "&&": (a, b) => Number(a !== 0 && b !== 0) },
  {
    "<": (a, b) => Number(a < b),
    "<=": (a, b) => Number(a <= b),
    ">": (a, b) => Number(a > b),
    ">=": (a, b) => Number(a >= b),
    "==": (a, b) => Number(a === b),
    "!=": (a, b) => Number(a !== b),
  },
  { "+": (a, b) => a + b, "-": (a, b) => a - b },
  { "*": (a, b) => a * b, "/": (a, b) => a / b },
];

/** Functions of as many numbers or metrics as they name. */
const FUNCTIONS: Record<string, { of: number; run: Operation }> = {
  ABS: { of: 1, run: Math.abs },
  CEIL: { of: 1, run: Math.ceil },
  FLOOR: { of: 1, run: Math.floor },
  IF: { of: 3, run: (condition, yes, no) => (condition === 0 ? no : yes) },
};

/** Functions of a list such as `[m1, m2]`. */
const FOLDS: Record<string, Operation> = {
  SUM: (...values) => values.reduce((sum, value) => sum + value, 0),
  AVG: (...values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  MIN: Math.min,
  MAX: Math.max,
};

/**
 * CloudWatch's metric math, as far as it is arithmetic, comparison, `IF`, `FILL(metric, number)`, rounding, and
 * `SUM`, `AVG`, `MIN` and `MAX` of a list. A period that one of the metrics lacks has no result.
 * @throws UnknownExpression for all else.
 */
export function parseExpression(text: string): Expression {
  const tokens = [...text.matchAll(/\d+(?:\.\d+)?|[A-Za-z_]\w*|&&|\|\||[<>=!]=|[<>+\-*/(),[\]]|\S/g)].map(
    ([token]) => token,
  );
  const ids = new Set<string>();
  const takes = (token: string) => tokens[0] === token && tokens.shift() !== undefined;
  const expect = (token: string) => {
    if (!takes(token))
      throw new UnknownExpression(
        `${token} is expected ${tokens[0] === undefined ? "at the end" : `before ${tokens[0]}`}`,
      );
  };

  const binary = (level: number): Term => {
    const operators = OPERATORS[level];
    if (!operators) return unary();
    let left = binary(level + 1);
    for (let operation = operators[tokens[0] ?? ""]; operation; operation = operators[tokens[0] ?? ""]) {
      tokens.shift();
      left = combine(operation, [left, binary(level + 1)]);
    }
    return left;
  };
  const unary = (): Term => (takes("-") ? combine((value) => -value, [unary()]) : primary());
  const list = (end: string): Term[] => {
    const terms = [binary(0)];
    while (takes(",")) terms.push(binary(0));
    expect(end);
    return terms;
  };
  const primary = (): Term => {
    const token = tokens.shift();
    if (token === undefined) throw new UnknownExpression("it ends too early");
    if (token === "(") {
      const term = binary(0);
      expect(")");
      return term;
    }
    if (/^\d/.test(token)) return () => Number(token);
    if (tokens[0] === "(") return call(token);
    if (!/^[a-z]\w*$/.test(token)) throw new UnknownExpression(`${token} is neither a number nor the id of a query`);
    ids.add(token);
    return ({ series }) => series(token);
  };
  const call = (name: string): Term => {
    expect("(");
    const fold = FOLDS[name];
    if (fold) {
      expect("[");
      const terms = list("]");
      expect(")");
      return combine(fold, terms);
    }
    const terms = list(")");
    const [metric, filler] = terms;
    if (name === "FILL" && metric && filler && terms.length === 2) return fill(metric, filler);
    const fn = FUNCTIONS[name];
    if (!fn || terms.length !== fn.of) throw new UnknownExpression(`${name} of ${terms.length} is not calculated`);
    return combine(fn.run, terms);
  };

  const term = binary(0);
  if (tokens[0] !== undefined) throw new UnknownExpression(`${tokens[0]} is not expected`);
  return { ids, calculate: (calculation) => toSeries(term(calculation), calculation.periods) };
}

function combine(operation: Operation, terms: Term[]): Term {
  return (calculation) => {
    const values = terms.map((term) => term(calculation));
    const series = values.filter((value) => typeof value !== "number");
    if (series.length === 0) return operation(...(values as number[]));
    const result = new Map<number, number>();
    for (const at of series[0]?.keys() ?? []) {
      const numbers = values.map((value) => (typeof value === "number" ? value : value.get(at)));
      if (numbers.some((number) => number === undefined)) continue;
      const number = operation(...(numbers as number[]));
      // What is divided by 0 has no value.
      if (Number.isFinite(number)) result.set(at, number);
    }
    return result;
  };
}

function fill(metric: Term, filler: Term): Term {
  return (calculation) => {
    const [filled, by] = [metric(calculation), filler(calculation)];
    if (typeof filled === "number" || typeof by !== "number") return filled;
    return new Map(calculation.periods.map((at) => [at, filled.get(at) ?? by]));
  };
}

function toSeries(value: Value, periods: readonly number[]): TimeSeries {
  return typeof value === "number" ? new Map(periods.map((at) => [at, value])) : value;
}
