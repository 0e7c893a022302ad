import { expect, test } from "vitest";
import type { ReceiverRequest } from "../../functions/receiver/receiver.ts";
import { sign } from "@pulumi-line-bot/kit/signature";
import { callback, signed, textEvent } from "./cloud.ts";
import { createRandom, type Random } from "./random.ts";
import { startFunction } from "./setup.ts";

const seed = 20_260_823;

type Signed = ReturnType<typeof signed>;
type Mutation = (text: string, random: Random) => string;

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_ ".split("");
const jsonCharacters = '{}[]":,0-9.eE \\u'.split("");

const splice = (text: string, at: number, remove: number, insert: string) =>
  text.slice(0, at) + insert + text.slice(at + remove);

/** What may happen to a text on its way, or be done to it on purpose. */
const mutations: Mutation[] = [
  (text, random) => splice(text, random.below(text.length), 1, random.pick(base64Digits)),
  (text, random) => splice(text, random.below(text.length), 1, String.fromCharCode(random.below(0x1_00_00))),
  (text, random) => splice(text, random.below(text.length + 1), 0, random.pick(["\0", " ", "\n", "=", "!", "\uFEFF"])),
  (text, random) => splice(text, random.below(text.length), 1 + random.below(8), ""),
  (text, random) => text.slice(0, random.below(text.length)),
  (text, random) => splice(text, random.below(text.length), 0, text.slice(random.below(text.length))),
  (text) => text.toUpperCase(),
  (text) => text.split("").toReversed().join(""),
  (text) => `${text},${text}`,
  (text) => Buffer.from(text).toString("base64"),
  (text) => Buffer.from(text).toString("hex"),
  (text) => encodeURIComponent(text).replaceAll("A", "%41"),
];

const targets: ((request: Signed, mutate: (text: string) => string) => ReceiverRequest)[] = [
  (request, mutate) => ({
    ...request,
    headers: { "x-line-signature": mutate(request.headers["x-line-signature"] ?? "") },
  }),
  (request, mutate) => ({ ...request, body: mutate(request.body) }),
];

test(`accepts none of 10,000 mutants of a signed request, and fails at none (seed ${seed})`, async () => {
  const random = createRandom(seed);
  await using fn = await startFunction({ bot: { otherwise: () => expect.unreachable() } });
  const text = callback(textEvent("こんにちは \uFFFD hello"));
  const originals = [signed(text), signed(Buffer.from(text))];
  const statuses = new Map<number | undefined, number>();

  for (let made = 0; made < 10_000;) {
    const original = random.pick(originals);
    const mutation = random.pick(mutations);
    const mutant = random.pick(targets)(original, (value) => mutation(value, random));
    if (isSame(mutant, original)) continue;
    made += 1;
    const status = await fn.status(mutant);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }

  expect([...statuses.keys()].filter((status) => status !== 401)).toEqual([]);
  // The first fetch of the secret, and one for the first signature that did not verify.
  expect(fn.cloud.calls.length).toBeLessThanOrEqual(2);
});

function isSame(mutant: ReceiverRequest, original: Signed): boolean {
  const signatureOf = (request: ReceiverRequest) => request.headers?.["x-line-signature"];
  return mutant.body === original.body && signatureOf(mutant) === signatureOf(original);
}

test(`has a defined answer to any bytes as a body, signed or not (seed ${seed})`, async () => {
  const random = createRandom(seed);
  await using fn = await startFunction({ bot: {} });
  const text = callback(textEvent("hello"));
  const bodies: ((random: Random) => Buffer)[] = [
    ({ bytes, below }) => bytes(below(200)),
    ({ pick, below }) => Buffer.from(Array.from({ length: below(60) }, () => pick(jsonCharacters)).join("")),
    (random) => Buffer.from(random.pick(mutations)(text, random)),
    ({ pick }) => Buffer.from(text.replace(pick(text.match(/"[^"]*"|\d+|true|false/g) ?? []), pick(odd))),
  ];

  const seen = new Set<number | undefined>();
  for (let made = 0; made < 5000; made++) {
    const body = random.pick(bodies)(random);
    const isText = Buffer.from(body.toString("utf8")).equals(body);
    const request = isText && random.below(2) === 0 ? signed(body.toString("utf8")) : signed(body);
    const status = await fn.status(request);
    seen.add(status);
    expect([200, 400], `the body ${body.toString("base64")}`).toContain(status);
    expect(await fn.status({ ...request, headers: { "x-line-signature": sign(body, "another") } })).toBe(401);
  }

  expect(seen).toEqual(new Set([200, 400]));
});

const odd = [
  "null",
  "[]",
  "{}",
  "-1",
  "1e400",
  '""',
  '"\\ud800"',
  '"__proto__"',
  '"toString"',
  "true",
  "9007199254740993",
];
