/** What it means that a resource comes, goes, or is made again. */
import { canonicalJson } from "@pulumi-line-bot/kit/json";
import type { PropertyMap } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { type ComparedResource, type ComparedStack, refusedBy, type State, textOf } from "../compared.ts";
import { type Label, type Phrase, say } from "../model.ts";
import { caution, danger, type Draft, notice, type Rule, sentence } from "./draft.ts";

interface Fate {
  weight: Draft["weight"];
  label?: Label;
  /** What follows the resource's name. */
  text: string;
}

interface Fates {
  created?: Fate;
  deleted?: Fate;
  replaced?: Fate;
}

const types: Record<string, Fates> = {
  "aws:apigatewayv2/api:Api": {
    deleted: { weight: "danger", label: "webhook-url", text: "is deleted: LINE's calls to its URL fail from then on" },
    replaced: { weight: "danger", label: "webhook-url", text: "is replaced, and with it its address" },
  },
  "aws:apigatewayv2/stage:Stage": {
    deleted: { weight: "danger", text: "is deleted: the API answers nothing" },
    replaced: { weight: "danger", text: "is replaced: the API answers nothing until the new one is there" },
  },
  "aws:cloudwatch/dashboard:Dashboard": {
    created: { weight: "notice", label: "cost", text: "is new; AWS bills dashboards by the month" },
  },
  "aws:cloudwatch/logGroup:LogGroup": {
    deleted: { weight: "danger", label: "data-loss", text: "is deleted with all that was logged" },
    replaced: { weight: "danger", label: "data-loss", text: "is replaced: all that was logged is lost" },
  },
  "aws:cloudwatch/metricAlarm:MetricAlarm": {
    created: { weight: "notice", label: "alarms", text: "is new" },
    deleted: { weight: "danger", label: "alarms", text: "is deleted: nobody gets its messages any more" },
  },
  "aws:dynamodb/table:Table": {
    created: { weight: "notice", text: "is new" },
    deleted: { weight: "danger", label: "data-loss", text: "is deleted with all its data" },
    replaced: { weight: "danger", label: "data-loss", text: "is replaced: the new one is empty, and the data is lost" },
  },
  "aws:iam/role:Role": {
    replaced: {
      weight: "caution",
      label: "iam",
      text: "is replaced: anyone who names its ARN elsewhere has to name the new one",
    },
  },
  "aws:kms/key:Key": {
    created: { weight: "notice", label: "cost", text: "is new; AWS bills keys by the month" },
    deleted: { weight: "danger", label: "data-loss", text: "is deleted: what it encrypted cannot be read any more" },
    replaced: {
      weight: "danger",
      label: "data-loss",
      text: "is replaced: what the former one encrypted cannot be read once that is gone",
    },
  },
  "aws:lambda/alias:Alias": {
    deleted: { weight: "danger", text: "is deleted: whatever calls the function by it fails" },
    replaced: { weight: "caution", text: "is replaced: calls fail for a moment" },
  },
  "aws:lambda/eventSourceMapping:EventSourceMapping": {
    created: { weight: "notice", text: "is new: a function is called with what comes in" },
    deleted: { weight: "danger", text: "is deleted: nobody works on what comes in any more" },
    replaced: { weight: "caution", text: "is replaced: nobody works on what comes in until the new one is there" },
  },
  "aws:lambda/function:Function": {
    created: { weight: "notice", text: "is new" },
    deleted: { weight: "danger", text: "is deleted" },
    replaced: { weight: "caution", text: "is replaced: it starts cold, and its former versions are gone" },
  },
  "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": {
    created: { weight: "caution", label: "cost", text: "is new: AWS bills it by the hour, whether it is used or not" },
  },
  "aws:secretsmanager/secret:Secret": {
    created: { weight: "notice", label: "secret", text: "is new; AWS bills secrets by the month" },
    deleted: { weight: "danger", label: "secret", text: "is deleted: anyone who reads it fails" },
    replaced: {
      weight: "danger",
      label: "secret",
      text: "is replaced: it has another ARN, and its former values are gone",
    },
  },
  "aws:sns/topic:Topic": {
    created: { weight: "notice", text: "is new" },
    deleted: {
      weight: "danger",
      label: "alarms",
      text: "is deleted: anyone who listened to it hears nothing any more",
    },
    replaced: {
      weight: "danger",
      label: "alarms",
      text: "is replaced: who subscribed to it by hand hears nothing any more",
    },
  },
  "aws:sns/topicSubscription:TopicSubscription": {
    created: { weight: "notice", text: "is new; one by e-mail has to be confirmed" },
    deleted: { weight: "caution", label: "alarms", text: "is deleted: it warns nobody any more" },
    replaced: { weight: "caution", label: "alarms", text: "is replaced; one by e-mail has to be confirmed again" },
  },
  "aws:sqs/queue:Queue": {
    created: { weight: "notice", text: "is new" },
    deleted: { weight: "danger", label: "data-loss", text: "is deleted: events in it are lost" },
    replaced: { weight: "danger", label: "data-loss", text: "is replaced: events in it at that moment are lost" },
  },
  "pulumi-nodejs:dynamic/line:LineChannelWebhook": {
    created: {
      weight: "notice",
      label: "webhook-url",
      text: "is new: LINE sends this bot's events here",
    },
    deleted: {
      weight: "danger",
      label: "webhook-url",
      text: "is deleted: LINE gets the URL back that it had before, or keeps a dead one",
    },
    replaced: { weight: "danger", label: "webhook-url", text: "is replaced: it is another bot's from now on" },
  },
};

/** A new stack is one piece of news, and not as many as it has resources. */
const isNewStack = (stack: Parameters<Rule>[1]): boolean => stack.resources.every(({ kind }) => kind === "create");

export const lifecycleRules: Rule = (resource, stack) => {
  const { kind, type } = resource;
  if (kind === "create" && isNewStack(stack)) return [];
  const fates = types[type];
  const fate =
    kind === "create"
      ? fates?.created
      : kind === "delete"
        ? fates?.deleted
        : kind === "replace"
          ? fates?.replaced
          : undefined;
  const weigh = { danger, caution, notice };
  const isMoved = fate?.weight !== "danger" && kind === "replace" && resource.keys.includes("region");
  const told = fate === undefined || isMoved ? [] : [weigh[fate.weight]([`${fate.text}.`], fate.label, resource)];
  const refuser = refusedBy(resource);
  if (refuser !== undefined) return [refused(resource, refuser), ...mayBeRenamed(resource, stack)];
  return [...told, ...mayBeRenamed(resource, stack), ...routes(resource)];
};

/** Nothing of what its end would mean comes about. */
function refused(resource: ComparedResource, by: "Pulumi" | "AWS"): Draft {
  const what = resource.kind === "replace" ? "replace" : "delete";
  const phrase: Phrase =
    by === "Pulumi"
      ? [`is protected: Pulumi refuses to ${what} it, and the whole deployment with it, until the protection is off.`]
      : [`is protected: AWS refuses to ${what} it until `, { code: "deletionProtectionEnabled" }, " is off."];
  return danger(phrase, "protection", resource);
}

/** What goes under one name and comes under another is lost for want of an alias. */
function mayBeRenamed(resource: ComparedResource, { resources }: ComparedStack): Draft[] {
  if (resource.kind !== "delete") return [];
  const twin = resources.find(
    ({ kind, type, name, now }) =>
      kind === "create" &&
      type === resource.type &&
      (name === resource.name || canonicalJson(ownInputs(now)) === canonicalJson(ownInputs(resource.former))),
  );
  if (twin === undefined) return [];
  const words = twin.name === resource.name ? ["another one of that name comes"] : [...say`${twin.name}`, " comes"];
  return [
    caution(
      ["goes, and ", ...words, ": if it only was renamed or moved, an alias would keep it."],
      undefined,
      resource,
    ),
  ];
}

/** Without the name that was made up for it. */
function ownInputs(state: State | undefined): PropertyMap {
  const { name: _, ...inputs } = state?.inputs ?? {};
  return inputs;
}

/** A route by what it answers. */
function routes({ type, kind, former, now }: Parameters<Rule>[0]): Draft[] {
  if (type !== "aws:apigatewayv2/route:Route") return [];
  const [was, is] = [textOf(former, "routeKey"), textOf(now, "routeKey")];
  if (was === is) return [];
  const route = (key: string): Phrase => ["the route ", { code: key }];
  if (was === undefined)
    return is === undefined ? [] : [caution(sentence(route(is), " is new: the API answers it to everybody."))];
  if (is === undefined)
    return kind === "delete"
      ? [danger(sentence(route(was), " goes: anyone who calls it gets 404."), "webhook-url")]
      : [];
  return [
    danger(sentence(route(was), " becomes ", [{ code: is }], ": anyone who calls the former gets 404."), "webhook-url"),
  ];
}
