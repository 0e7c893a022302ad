/** Who may do more, and who less. */
import * as v from "valibot";
import { textOf, type ComparedResource, type ComparedStack, type State } from "../compared.ts";
import { containsSecrets, containsUnknowns } from "@pulumi-line-bot/pulumi-engine/values/properties";
import { type Phrase, say } from "../model.ts";
import { comparePolicies, tryParseGrants, type Grant } from "../policy.ts";
import { referencesIn } from "../references.ts";
import { caution, danger, type Draft, listOf, named, notice, type Rule, sentence } from "./draft.ts";

/** Where a type keeps a policy, and whom it is about. */
interface PolicyPlace {
  property: string;
  subject: (resource: ComparedResource, stack: ComparedStack) => Phrase;
}

const ownPolicy: PolicyPlace = { property: "policy", subject: (resource) => named(resource) };

const places: Record<string, PolicyPlace[]> = {
  "aws:iam/rolePolicy:RolePolicy": [{ property: "policy", subject: whoHasRole }],
  "aws:iam/policy:Policy": [ownPolicy],
  "aws:iam/role:Role": [{ property: "assumeRolePolicy", subject: (resource) => named(resource) }],
  "aws:kms/key:Key": [ownPolicy],
  "aws:secretsmanager/secret:Secret": [ownPolicy],
  "aws:secretsmanager/secretPolicy:SecretPolicy": [ownPolicy],
  "aws:sns/topicPolicy:TopicPolicy": [ownPolicy],
  "aws:sns/topic:Topic": [ownPolicy],
  "aws:sqs/queuePolicy:QueuePolicy": [ownPolicy],
  "aws:sqs/queue:Queue": [ownPolicy],
};

export const permissionRules: Rule = (resource, stack) => [
  ...(places[resource.type] ?? []).flatMap((place) => changeOfPolicy(resource, stack, place)),
  ...(resource.type === "aws:lambda/permission:Permission" ? changeOfInvocation(resource, stack) : []),
  ...(resource.type === "aws:iam/rolePolicyAttachment:RolePolicyAttachment" ? changeOfAttachment(resource, stack) : []),
];

function changeOfPolicy(resource: ComparedResource, stack: ComparedStack, place: PolicyPlace): Draft[] {
  const { former, now } = resource;
  const subject = place.subject(resource, stack);
  const references = referencesIn(stack);
  const was = grantsIn(former, place.property, references.former);
  const is = grantsIn(now, place.property, references.now);
  if (was === "unreadable" || is === "unreadable") {
    if (former?.inputs?.[place.property] === now?.inputs?.[place.property] || resource.kind === "same") return [];
    return [caution(sentence("permissions of ", subject, " change; what they will be is not known yet."), "iam")];
  }
  const { widened, narrowed } = comparePolicies(was, is);
  // Nobody misses the permission on what is gone.
  const stays = ({ resource: on = "" }: Grant): boolean => references.tryFind(on)?.resource.kind !== "delete";
  // A new role that may be assumed by whom it is made for widens nothing that was there.
  const isNews = former !== undefined || place.property !== "assumeRolePolicy";
  return [
    ...(isNews ? summarize(widened, stack, subject).map((what) => widening(subject, what)) : []),
    ...(now === undefined
      ? []
      : summarize(narrowed.filter(stays), stack, subject).map((what) => narrowing(subject, what))),
  ];
}

function grantsIn(state: State | undefined, property: string, mark: (text: string) => string): Grant[] | "unreadable" {
  const value = state?.inputs?.[property];
  if (value === undefined || value === null) return [];
  if (typeof value !== "string" || containsUnknowns(value) || containsSecrets(value)) return "unreadable";
  return tryParseGrants(mark(value)) ?? "unreadable";
}

interface What {
  /** What `may now …` goes on with. */
  phrase: Phrase;
  isWild: boolean;
  who: string | undefined;
}

function widening(subject: Phrase, { phrase, isWild, who }: What): Draft {
  const text = sentence("permissions widen: ", who === undefined ? subject : whoIs(who), " may now ", phrase, ".");
  return isWild || who === "*" ? danger(text, "iam") : caution(text, "iam");
}

function narrowing(subject: Phrase, { phrase, who }: What): Draft {
  return notice(
    sentence("permissions narrow: ", who === undefined ? subject : whoIs(who), " may no longer ", phrase, "."),
  );
}

const whoIs = (who: string): Phrase => (who === "*" ? ["everybody"] : say`${who}`);

/** Grants of one kind in one sentence: the same resource and the same who, whatever the actions. */
function summarize(grants: Grant[], stack: ComparedStack, subject: Phrase): What[] {
  const groups = new Map<string, Grant[]>();
  for (const grant of grants) {
    const { principal, resource, conditions, effect, opaque } = grant;
    const key = JSON.stringify([principal, resource, conditions, effect, opaque]);
    groups.set(key, [...(groups.get(key) ?? []), grant]);
  }
  return [...groups.values()].flatMap((group): What[] => {
    const [first] = group;
    if (first === undefined) return [];
    const actions = [...new Set(group.map(({ action }) => action))].toSorted();
    return [
      {
        who: first.principal,
        isWild: actions.some((action) => action === "*" || action.endsWith(":*")) || first.resource === "*",
        phrase: phraseOf(first, actions, stack, subject),
      },
    ];
  });
}

function phraseOf(grant: Grant, actions: string[], stack: ComparedStack, subject: Phrase): Phrase {
  const { resource, conditions, opaque, effect, principal } = grant;
  if (opaque !== undefined) return [...say`do what ${opaque}`, effect === "Deny" ? " denies" : " grants"];
  const by = principal === undefined || resource === undefined ? [] : [" (by ", ...subject, ")"];
  const on = [" on ", ...(resource === undefined ? subject : placeOf(resource, stack)), ...by];
  const when = conditions.length === 0 ? [] : [" where ", ...listOf(conditions.map((one) => conditionOf(one, stack)))];
  return [...listOf(actions), ...on, ...when];
}

/** A condition as `policy.ts` writes it down: its test, the key that is tested, and the values. */
const condition = v.pipe(v.string(), v.parseJson(), v.tuple([v.string(), v.string(), v.array(v.string())]));

function conditionOf(written: string, stack: ComparedStack): Phrase {
  const parsed = v.safeParse(condition, written);
  if (!parsed.success) return say`${written}`;
  const [test, key, values] = parsed.output;
  const is = test === "StringEquals" ? [" is "] : [" ", ...say`${test}`, " "];
  const places = values.map((value) => (value === "*" ? say`${value}` : placeOf(value, stack)));
  return [...say`${key}`, ...is, ...listOf(places)];
}

/** A resource of this stack by its name; another one by its ARN. */
function placeOf(marked: string, stack: ComparedStack): Phrase {
  if (marked === "*") return ["every resource"];
  const found = referencesIn(stack).tryFind(marked);
  if (found === undefined) return say`${marked}`;
  const rest = found.rest.replace(/^executionArn/, "");
  return rest === "" || rest === ":*" ? named(found.resource) : [...named(found.resource), " (", ...say`${rest}`, ")"];
}

/** The functions that act in the name of the role; the role itself where there is none. */
function whoHasRole({ now, former, ...resource }: ComparedResource, stack: ComparedStack): Phrase {
  const state = now ?? former;
  const roles = state?.propertyDependencies?.["role"] ?? [];
  const users = stack.resources.filter(
    ({ type, now: other }) =>
      type === "aws:lambda/function:Function" &&
      other?.propertyDependencies?.["role"]?.some((urn) => roles.includes(urn)),
  );
  if (users.length > 0) return users.flatMap((user, index) => [...(index === 0 ? [] : [" and "]), ...named(user)]);
  const role = stack.resources.find(({ urn }) => roles.includes(urn));
  return named(role ?? resource);
}

/** A function's own policy: who may call it, from where. */
function changeOfInvocation({ former, now, ...resource }: ComparedResource, stack: ComparedStack): Draft[] {
  const references = referencesIn(stack);
  const grants = (state: State | undefined, mark: (text: string) => string): Grant[] => {
    if (state === undefined) return [];
    const text = (name: string): string | undefined => textOf(state, name);
    const account = text("sourceAccount");
    return [
      {
        effect: "Allow",
        principal: text("principal"),
        action: text("action") ?? "*",
        resource: mark(text("sourceArn") ?? "*"),
        conditions: account === undefined ? [] : [`source account ${account}`],
      },
    ];
  };
  const { widened, narrowed } = comparePolicies(grants(former, references.former), grants(now, references.now));
  const state = now ?? former;
  const target = stack.resources.find(({ urn }) => state?.propertyDependencies?.["function"]?.includes(urn));
  const subject = target === undefined ? named(resource) : named(target);
  const called = ({ principal = "*", resource: from, conditions }: Grant): Phrase => [
    ...(principal === "*" ? ["everybody"] : say`${principal}`),
    " from ",
    ...(from === "*" ? ["anywhere"] : placeOf(from ?? "", stack)),
    ...(conditions.length > 0 ? [", ", ...listOf(conditions)] : []),
  ];
  return [
    ...widened.map((grant) => {
      const text = sentence("permissions widen: ", subject, " may now be called by ", called(grant), ".");
      return grant.resource === "*" || grant.principal === "*" ? danger(text, "iam") : caution(text, "iam");
    }),
    ...(now === undefined ? [] : narrowed).map((grant) =>
      notice(sentence("permissions narrow: ", subject, " may no longer be called by ", called(grant), ".")),
    ),
  ];
}

function changeOfAttachment({ former, now, kind, ...resource }: ComparedResource, stack: ComparedStack): Draft[] {
  const state = now ?? former;
  const arn = textOf(state, "policyArn") ?? "";
  const who = whoHasRole({ former, now, kind, ...resource }, stack);
  if (kind === "delete")
    return [notice(sentence("permissions narrow: ", who, " no longer has the policy ", say`${arn}`, "."))];
  if (kind === "same" || kind === "rename" || kind === "options") return [];
  return [caution(sentence("permissions widen: ", who, " now has the policy ", say`${arn}`, "."), "iam")];
}
