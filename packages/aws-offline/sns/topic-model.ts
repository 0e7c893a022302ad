import type { Stored, HasStore, Collection } from "../store/store.ts";
import { ServiceError } from "../errors.ts";

type Holder = HasStore;

export const topicsOf = (cloud: Holder): Collection<Stored> => cloud.store.collection<Stored>("sns/topics");
const topicPoliciesOf = (cloud: Holder): Collection<Stored> => cloud.store.collection<Stored>("sns/topic-policies");
export const subscriptionsOf = (cloud: Holder): Collection<Stored> =>
  cloud.store.collection<Stored>("sns/subscriptions");

export function findTopic(cloud: Holder, arn: string): Stored {
  const topic = topicsOf(cloud).get(arn);
  if (!topic) throw new ServiceError("NotFound", "Topic does not exist", 404);
  return topic;
}

export function listSubscriptions(cloud: Holder, topicArn: string): Stored[] {
  return subscriptionsOf(cloud)
    .values()
    .filter(({ attributes }) => attributes["topic"] === topicArn);
}

/** The policy that holds for a topic: its own resource's, else the topic's. */
export function policyOf(cloud: Holder, topic: Stored): string {
  return (topicPoliciesOf(cloud).get(topic.id)?.attributes["policy"] ?? topic.attributes["policy"]) as string;
}

/** What the service gives a topic without a policy: the account may do with it what it likes, its alarms too. */
export function toDefaultPolicy(topicArn: string, accountId: string): string {
  return JSON.stringify({
    Version: "2008-10-17",
    Id: "__default_policy_ID",
    Statement: [
      {
        Sid: "__default_statement_ID",
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: [
          "SNS:GetTopicAttributes",
          "SNS:SetTopicAttributes",
          "SNS:AddPermission",
          "SNS:RemovePermission",
          "SNS:DeleteTopic",
          "SNS:Subscribe",
          "SNS:ListSubscriptionsByTopic",
          "SNS:Publish",
        ],
        Resource: topicArn,
        Condition: { StringEquals: { "AWS:SourceOwner": accountId } },
      },
    ],
  });
}
