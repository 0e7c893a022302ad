/** The length that says enough about a text. */
const looked = 16;
const bitsThatTell = 80;
const bitsPerCharacter = 3;

/**
 * Whether a setting had better be a secret: a telling name, and a text that nobody thought of. Pulumi measures the
 * latter with zxcvbn, of which this is the outline: words and runs are guessed at once, all else one by one.
 */
export function looksLikeSecret(name: string, value: string): boolean {
  if (!/passwd|pass|password|pwd|secret|token/i.test(name)) return false;
  const text = value.slice(0, looked);
  const bits = guessBits(text);
  return bits >= bitsThatTell || (bits >= bitsThatTell / 2 && bits / text.length >= bitsPerCharacter);
}

const alphabets = [
  { pattern: /[a-z]/, size: 26 },
  { pattern: /[A-Z]/, size: 26 },
  { pattern: /\d/, size: 10 },
  { pattern: /[^a-zA-Z\d]/, size: 33 },
];

/** Some 500 words are guessed first; a run has a beginning and a length. */
const partBits = 9;

function guessBits(text: string): number {
  const bitsEach = Math.log2(
    alphabets.reduce((sum, { pattern, size }) => sum + (pattern.test(text) ? size : 0), 0) || 1,
  );
  const parts = text.match(/[a-z]{3,}|[A-Z]?[a-z]{2,}|\d{3,}|./gsu) ?? [];
  return parts.reduce(
    (bits, part) => bits + Math.min(part.length * bitsEach, isGuessable(part) ? partBits : Infinity),
    0,
  );
}

const isGuessable = (part: string): boolean =>
  part.length >= 2 && (isRun(part) || isPronounceable(part) || /^(?:19|20)\d\d$/.test(part));

/** `abcd`, `4321`, `aaaa`, `8901` */
function isRun(part: string): boolean {
  const steps = Array.from(
    { length: part.length - 1 },
    (_, index) => part.charCodeAt(index + 1) - part.charCodeAt(index),
  );
  return [-1, 0, 1].some((step) => steps.every((taken) => taken === step || taken === step * -9));
}

/** Vowels and consonants take turns in a word: no more than four of the latter in a row. */
const isPronounceable = (part: string): boolean =>
  /^[a-z]+$/i.test(part) && /[aeiouy]/i.test(part) && !/[^aeiouy]{5}/i.test(part);
