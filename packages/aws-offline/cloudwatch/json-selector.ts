/** A place in a JSON document, as metric filters write it: `$.a.b[0]['c d']`. */
export type Select = (document: unknown) => unknown;

export const SELECTOR = /\$(?:\.[A-Za-z_][\w-]*|\[\d+\]|\['[^']+'\])+/;
const STEP = /\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]/g;
const WHOLE = new RegExp(`^${SELECTOR.source}$`);

/** `undefined` if this is no selector that is known here. What a document does not have is selected as undefined. */
export function tryParseSelector(text: string): Select | undefined {
  if (!WHOLE.test(text)) return undefined;
  const steps = [...text.matchAll(STEP)].map(([, name, index, quoted]) => name ?? index ?? quoted ?? "");
  return (document) => steps.reduce(step, document);
}

function step(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}
