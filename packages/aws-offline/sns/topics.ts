import type { HasQueues } from "../sqs/queues.ts";
import type { HasTrace } from "../trace.ts";
import type { HasAccountId } from "../account-id.ts";
import type { HasStore } from "../store/store.ts";
import { randomUUID } from "node:crypto";
import { deliver, type Notice } from "./delivery.ts";
import { askPolicy } from "./resource-policy.ts";
import { findTopic, listSubscriptions, policyOf, topicsOf } from "./topic-model.ts";

/** How a service's message to a topic went. */
export type Notified = "published" | "denied" | "no such topic";

type Holder = HasStore & HasAccountId & HasTrace & HasQueues;
type Published = Omit<Notice, "messageId">;

/** Publishes in the name of a service, as far as the topic's policy lets it. */
export function notifyTopic(cloud: Holder, notice: Published & { service: string; sourceArn: string }): Notified {
  const { topicArn: resource, service, sourceArn, ...message } = notice;
  const topic = topicsOf(cloud).get(resource);
  if (!topic) return "no such topic";
  const { accountId } = cloud;
  const said = askPolicy(policyOf(cloud, topic), { action: "sns:Publish", resource, service, accountId, sourceArn });
  // A service cannot use the key that AWS manages for SNS: it may not ask for data keys.
  const isReadable = !/^(alias\/aws\/sns$|arn:.*:alias\/aws\/sns$)/.test(String(topic.attributes["kmsMasterKeyId"]));
  if (!said.allows || said.denies || !isReadable) return "denied";
  publish(cloud, { topicArn: resource, ...message });
  return "published";
}

/** Gives the message's id. @throws where there is no such topic. */
export function publish(cloud: Holder, published: Published): string {
  const { topicArn, subject } = published;
  const messageId = randomUUID();
  const counts = { delivered: 0, refused: 0, unconfirmed: 0 };
  for (const subscription of listSubscriptions(cloud, findTopic(cloud, topicArn).id))
    counts[deliver(cloud, subscription, { ...published, messageId })] += 1;
  cloud.trace({ kind: "notification", topicArn, messageId, ...(subject !== undefined && { subject }), ...counts });
  return messageId;
}
