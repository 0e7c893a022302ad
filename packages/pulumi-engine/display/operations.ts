import type { styleText } from "node:util";
import type { StepOp } from "../contracts/contracts.ts";

export type Style = Parameters<typeof styleText>[0];

/** How a step is shown: its sign, its colour, and what is said before, during and after it, and in a summary. */
export interface StepWords {
  sign: string;
  style: Style;
  plan: string;
  doing: string;
  done: string;
}

const words = (sign: string, style: Style, plan: string, doing: string, done: string): StepWords => ({
  sign,
  style,
  plan,
  doing,
  done,
});

export const stepWords: Record<StepOp, StepWords> = {
  same: words(" ", "dim", "", "", ""),
  create: words("+", "green", "create", "creating", "created"),
  update: words("~", "yellow", "update", "updating", "updated"),
  delete: words("-", "red", "delete", "deleting", "deleted"),
  replace: words("+-", "magenta", "replace", "replacing", "replaced"),
  "create-replacement": words("++", "green", "create replacement", "creating replacement", "created replacement"),
  "delete-replaced": words("--", "red", "delete original", "deleting original", "deleted original"),
  read: words(">", "cyan", "read", "reading", "read"),
  "read-replacement": words(">>", "cyan", "read for replacement", "reading for replacement", "read for replacement"),
  refresh: words("~", "yellow", "refresh", "refreshing", "refreshed"),
  discard: words("<", "red", "discard", "discarding", "discarded"),
  "discard-replaced": words("<<", "red", "discard original", "discarding original", "discarded original"),
  "remove-pending-replace": words("~", "dim", "complete replace", "completing replace", "completed replace"),
  import: words("=", "blue", "import", "importing", "imported"),
  "import-replacement": words("=>", "blue", "import replacement", "importing replacement", "imported replacement"),
};

/** What a summary counts as changes, in its order, and what it calls them afterwards. */
export const countedSteps: [StepOp, string][] = [
  ["create", "created"],
  ["update", "updated"],
  ["delete", "deleted"],
  ["replace", "replaced"],
  ["create-replacement", "create-replacementd"],
  ["delete-replaced", "deleted"],
  ["refresh", "refreshed"],
  ["discard-replaced", "discarded"],
  ["import", "imported"],
  ["import-replacement", "imported"],
];
