/**
 * What Pulumi's YAML reader takes an unquoted text for: the core of YAML 1.2, with the octal numbers, underscores and
 * dates of YAML 1.1. https://pkg.go.dev/gopkg.in/yaml.v3#section-readme
 */
export function readPlainScalar(source: string): null | boolean | number | bigint | string {
  const form = forms.find(({ pattern }) => pattern.test(source));
  return form ? form.read(source) : source;
}

/** Whether a text has to be quoted to stay one; old readers take the words of a switch for booleans, too. */
export const needsQuotes = (text: string): boolean =>
  readPlainScalar(text) !== text || /^(y|n|yes|no|on|off)$/i.test(text);

const forms: { pattern: RegExp; read: (source: string) => null | boolean | number | bigint | string }[] = [
  { pattern: /^(?:~|null|Null|NULL)?$/, read: () => null },
  { pattern: /^(?:true|True|TRUE)$/, read: () => true },
  { pattern: /^(?:false|False|FALSE)$/, read: () => false },
  { pattern: /^\d{4}-\d\d?-\d\d?$/, read: (source) => readDate(source) },
  { pattern: /^[-+]?\d[\d_a-fA-FxXoO]*$/, read: (source) => readInteger(source.replaceAll("_", "")) ?? source },
  { pattern: /^[-+]?(?:\.\d[\d_]*|\d[\d_]*(?:\.[\d_]*)?)(?:[eE][-+]?\d+)?$/, read: readFloat },
];

/** A day becomes a moment, told as Go tells one. */
function readDate(source: string): string {
  const [year, month, day] = source.split("-").map(Number) as [number, number, number];
  const date = new Date(Date.UTC(year, month - 1, day));
  // There is no 30th of February.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return source;
  return `${date.toISOString().slice(0, 10)} 00:00:00 +0000 UTC`;
}

function readInteger(plain: string): number | bigint | undefined {
  const [, sign = "", digits = ""] = /^([-+]?)(.*)$/s.exec(plain) ?? [];
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  if (!/^(?:0x[\da-f]+|0o[0-7]+|0b[01]+|0|[1-9]\d*)$/i.test(octal)) return tryReadFloat(plain);
  const value = sign === "-" ? -BigInt(octal) : BigInt(octal);
  // What no 64 bits hold is a float.
  return value >= -(2n ** 63n) && value < 2n ** 64n ? value : Number(value);
}

const tryReadFloat = (plain: string): number | undefined =>
  /^[-+]?\d+(?:[eE]\d+)?$/.test(plain) ? Number(plain) : undefined;

function readFloat(source: string): number {
  return Number(source.replaceAll("_", ""));
}
