/** What takes more than a row in a table. */
import { kindOf } from "@pulumi-line-bot/pulumi-engine/values/properties";
import { parseUrn } from "@pulumi-line-bot/pulumi-engine/values/urn";
import { compareTexts, inputOf, textOf, type ComparedResource, type ComparedStack } from "../compared.ts";
import { type Phrase, say } from "../model.ts";
import { changesBetween } from "../property-changes.ts";
import { referencesIn } from "../references.ts";
import { caution, danger, type Draft, listOf, named, notice, type Rule, sentence } from "./draft.ts";
import type { PropertyValue } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";

/** Words for one type. */
const byType: Record<string, Rule> = {
  "aws:lambda/function:Function": (resource, stack) => environmentOf(resource, stack),
  "aws:secretsmanager/secretVersion:SecretVersion": valueOfSecret,
  "pulumi-nodejs:dynamic/line:LineChannelWebhook": webhookOf,
};

export const specialRules: Rule = (resource, stack) => [
  ...(byType[resource.type]?.(resource, stack) ?? []),
  ...moved(resource),
  ...protection(resource),
];

function environmentOf(resource: ComparedResource, stack: Parameters<Rule>[1]): Draft[] {
  const { former, now } = resource;
  if (!former || !now) return [];
  const references = referencesIn(stack);
  const [was, is] = [former, now].map((state) => state.inputs?.["environment"] ?? {});
  const changes = changesBetween({ value: was ?? {} }, { value: is ?? {} }).filter(
    ({ former: old, now: fresh, secret }) => secret || !references.isSame(old as PropertyValue, fresh as PropertyValue),
  );
  const variables = (kind: string): string[] =>
    changes.filter((change) => change.kind === kind).map(({ path }) => path.replace(/^value\.variables\.?/, ""));
  const words = { add: "new", change: "changed", remove: "gone" };
  const parts = Object.entries(words).flatMap(([kind, word]): Phrase[] => {
    const names = variables(kind).toSorted(compareTexts);
    return names.length === 0 ? [] : [[...listOf(names), ` (${word})`]];
  });
  if (parts.length === 0) return [];
  const list = parts.flatMap((part, index) => [...(index === 0 ? [] : [", "]), ...part]);
  return [notice(["has other environment variables: ", ...list, "."], undefined, resource)];
}

/** A function keeps what it fetched for a short time. */
function valueOfSecret(resource: ComparedResource): Draft[] {
  const { former, now } = resource;
  if (!former || !now) return [];
  const changes = changesBetween(former.inputs ?? {}, now.inputs ?? {}).filter(({ path }) => path.startsWith("secret"));
  const keys = changes.map(({ path }) => path.replace(/^secretString\.?/, "")).filter((path) => path !== "");
  if (!changes.some(({ path }) => path.startsWith("secretString"))) return [];
  const what = keys.length === 0 ? [] : [" (", ...listOf(keys), ")"];
  return [
    caution(
      sentence(
        "the value of the secret ",
        say`${resource.name}`,
        what,
        " changes: what reads it has the new one a short time after.",
      ),
      "secret",
    ),
  ];
}

function webhookOf({ former, now, kind }: ComparedResource, stack: ComparedStack): Draft[] {
  if (!former || !now || kind === "replace") return [];
  const [was, is] = [textOf(former, "endpoint"), textOf(now, "endpoint")];
  if (was !== is) {
    const how = referencesIn(stack).isSame(was, is) ? [": the API gets another address"] : otherUrl(was, is);
    return [
      danger(["The webhook URL changes", ...how, ". LINE may call the former one for up to a minute."], "webhook-url"),
    ];
  }
  const pin = textOf(now, "bot");
  if (textOf(former, "bot") === pin) return [];
  return [
    notice(
      pin === undefined
        ? ["The stack is no longer pinned to one bot."]
        : ["The stack is pinned to the bot ", ...say`${pin}`, "."],
    ),
  ];
}

/** Only as much of it as is another one. */
function otherUrl(was: string | undefined, is: string | undefined): Phrase {
  if (was === undefined || is === undefined || !URL.canParse(was) || !URL.canParse(is)) return [];
  const [old, fresh] = [new URL(was), new URL(is)];
  return old.origin === fresh.origin
    ? [": its path becomes ", ...say`${fresh.pathname} (was ${old.pathname}`, ")"]
    : [": ", ...say`${is} (was ${was}`, ")"];
}

/** The same object under another name in the program. */
function moved({ former, now, type, name }: ComparedResource): Draft[] {
  if (!former || !now || former.urn === now.urn) return [];
  const [was, is] = [parseUrn(former.urn), parseUrn(now.urn)];
  const how: Phrase =
    was.name === is.name
      ? ["is in another place of the program", ...(was.type === is.type ? [] : [" and of another type"])]
      : ["is called ", ...say`${is.name}`, " in the program now"];
  return [notice(sentence(named({ type, name: was.name || name }), " ", how, ": the object itself stays."))];
}

function protection(resource: ComparedResource): Draft[] {
  const { former, now, kind } = resource;
  if (!former || !now || kind === "delete") return [];
  const [was, is] = [former.protect === true, now.protect === true];
  if (was === is) return [];
  return [
    is
      ? notice(["is protected now: Pulumi refuses to delete it."], "protection", resource)
      : danger(["is no longer protected: the next change may delete it."], "protection", resource),
  ];
}

/** What the program does not set any more, and the provider leaves as it is. */
export function withoutEffect(resource: ComparedResource): Draft[] {
  const { former, now } = resource;
  const gone = changesBetween(former?.inputs ?? {}, now?.inputs ?? {}).filter(
    ({ path, kind }) => kind === "remove" && Object.hasOwn(former?.inputs ?? {}, path),
  );
  return gone.map(({ path }) =>
    caution(
      ["is no longer given ", ...say`${path}`, " by the program, and keeps it all the same."],
      undefined,
      resource,
    ),
  );
}

/** Whether the code of a function is another one. */
export function hasOtherCode({ former, now, type }: ComparedResource): boolean {
  if (type !== "aws:lambda/function:Function" || !former || !now) return false;
  const [was, is] = [inputOf(former, "code"), inputOf(now, "code")];
  return (
    (kindOf(was) ?? kindOf(is)) !== undefined && changesBetween({ code: was ?? null }, { code: is ?? null }).length > 0
  );
}
