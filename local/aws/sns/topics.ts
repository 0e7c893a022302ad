import { randomUUID } from "node:crypto";
import type { Cloud } from "../cloud.ts";
import { askPolicy } from "./topic-access.ts";
import { findTopic, listSubscriptions, policyOf, topicsOf } from "./topic-model.ts";

/** How a service's message to a topic went. */
export type Notified = "published" | "denied" | "no such topic";

type Holder = Pick<Cloud, "store" | "accountId" | "trace">;

/** Publishes in the name of a service, as far as the topic's policy lets it. */
export function notifyTopic(
  cloud: Holder,
  call: { topicArn: string; subject: string; message: string; service: string; sourceArn: string },
): Notified {
  const { topicArn, service, sourceArn } = call;
  const topic = topicsOf(cloud).get(topicArn);
  if (!topic) return "no such topic";
  const { accountId } = cloud;
  const said = askPolicy(policyOf(cloud, topic), { action: "sns:Publish", topicArn, service, accountId, sourceArn });
  // A service cannot use the key that AWS manages for SNS: it may not ask for data keys.
  const isReadable = !/^(alias\/aws\/sns$|arn:.*:alias\/aws\/sns$)/.test(String(topic.attributes["kmsMasterKeyId"]));
  if (!said.allows || said.denies || !isReadable) return "denied";
  publish(cloud, call);
  return "published";
}

/** Gives the message's id. @throws where there is no such topic. */
export function publish(
  cloud: Holder,
  { topicArn, subject }: { topicArn: string; subject?: string; message: string },
): string {
  const topic = findTopic(cloud, topicArn);
  const messageId = randomUUID();
  // Addresses that nobody has confirmed get nothing, as on AWS, and nobody can confirm them here.
  const unconfirmed = listSubscriptions(cloud, topic.id).length;
  cloud.trace({ kind: "notification", topicArn, messageId, ...(subject !== undefined && { subject }), unconfirmed });
  return messageId;
}
