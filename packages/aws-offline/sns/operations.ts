import type { Stored } from "../store/store.ts";
import * as v from "valibot";
import type { QueryService, XmlMembers } from "../endpoint/query-protocol.ts";
import { ServiceError } from "../errors.ts";
import { askPolicy } from "./resource-policy.ts";
import { findTopic, listSubscriptions, policyOf, topicsOf } from "./topic-model.ts";
import { publish } from "./topics.ts";

const MESSAGE_LIMIT = 256 * 1024;
const OnTopic = v.object({ TopicArn: v.string() });
const Message = v.object({
  TopicArn: v.string(),
  Message: v.pipe(v.string(), v.minLength(1), v.maxBytes(MESSAGE_LIMIT)),
  Subject: v.optional(v.pipe(v.string(), v.maxLength(100))),
});

/** SNS, as far as one needs to see that topics work. */
export const sns: QueryService = {
  prefix: "sns",
  namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
  resourceOf: ({ Action, TopicArn }) => (Action === "ListTopics" ? "*" : TopicArn),
  operations: {
    Publish(input, cloud, caller) {
      const { TopicArn: topicArn, Message: message, Subject: subject } = v.parse(Message, input);
      const { accountId } = cloud;
      const policy = policyOf(cloud, findTopic(cloud, topicArn));
      // Within an account one of the two policies is enough to allow, and the caller's own has allowed it.
      if (askPolicy(policy, { action: "sns:Publish", resource: topicArn, accountId }).denies)
        throw new ServiceError(
          "AuthorizationError",
          `User: ${caller.arn} is not authorized to perform: SNS:Publish on resource: ${topicArn} with an explicit deny in a resource-based policy`,
          403,
        );
      return { MessageId: publish(cloud, { topicArn, message, ...(subject !== undefined && { subject }) }) };
    },
    ListSubscriptionsByTopic(input, cloud) {
      const topic = findTopic(cloud, v.parse(OnTopic, input).TopicArn);
      return { Subscriptions: listSubscriptions(cloud, topic.id).map(toMember) };
    },
    ListTopics: (_input, cloud) => ({
      Topics: topicsOf(cloud)
        .values()
        .map(({ id }) => ({ TopicArn: id })),
    }),
  },
};

function toMember({ attributes }: Stored): XmlMembers {
  const { pendingConfirmation } = attributes;
  const { arn, ownerId, protocol, endpoint, topic } = attributes as Record<string, string>;
  return {
    // Nobody can unsubscribe what is not confirmed.
    SubscriptionArn: pendingConfirmation === true ? "PendingConfirmation" : arn,
    Owner: ownerId,
    Protocol: protocol,
    Endpoint: endpoint,
    TopicArn: topic,
  };
}
