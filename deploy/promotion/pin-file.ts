import { type Document, parseDocument, Scalar } from "yaml";
import type { Pin } from "../../infra/pin.ts";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { stackFile } from "../local-settings.ts";
import { tryReadText, writeDurably } from "@pulumi-line-bot/kit/files";

const keys = { artifact: "line-bot:artifact", commit: "line-bot:commit" } as const;

/** The stack's file with this pin in place of another, and with its comments and order. */
export function withPin(text: string, { artifact, commit }: Pin): string {
  const settings = parseDocument(text);
  set(settings, keys.artifact, artifact);
  if (commit === undefined) settings.deleteIn(["config", keys.commit]);
  else set(settings, keys.commit, commit);
  return format(settings);
}

/** What is not the pin's. */
export function withoutPin(text: string): string {
  const settings = parseDocument(text);
  for (const key of Object.values(keys)) settings.deleteIn(["config", key]);
  return format(settings);
}

export function readPin(text: string): Pin | undefined {
  const settings = parseDocument(text);
  const get = (key: string) => {
    const value = settings.getIn(["config", key]);
    return typeof value === "string" ? value : undefined;
  };
  const artifact = get(keys.artifact);
  return artifact === undefined ? undefined : { artifact, commit: get(keys.commit) };
}

/** @throws {UserError} where there is none. */
export async function readStackFile(stack: string): Promise<string> {
  const text = await tryReadText(stackFile(stack));
  if (text !== undefined) return text;
  throw new UserError(
    `There is no Pulumi.${stack}.yaml. Make the stack with \`pulumi stack init ${stack}\`, or write its name as the file has it.`,
  );
}

/** `undefined` if the stack is not pinned. */
export const findPin = async (stack: string): Promise<Pin | undefined> =>
  readPin((await tryReadText(stackFile(stack))) ?? "");

export const writePin = async (stack: string, pin: Pin): Promise<void> =>
  writeDurably(stackFile(stack), withPin(await readStackFile(stack), pin));

/** In quotation marks: YAML takes some rows of digits and letters for numbers. */
function set(settings: Document, key: string, value: string): void {
  const scalar = new Scalar(value);
  scalar.type = Scalar.QUOTE_DOUBLE;
  settings.setIn(["config", key], scalar);
}

const format = (settings: Document): string => settings.toString({ lineWidth: 0, flowCollectionPadding: false });
