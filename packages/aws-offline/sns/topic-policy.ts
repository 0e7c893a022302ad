import { storedType } from "../store/stored.ts";
import { refuseWrongPolicy } from "./resource-policy.ts";
import { findTopic } from "./topic-model.ts";

/** Takes the place of the topic's own policy; without it that one holds again. */
export const topicPolicy = storedType({
  token: "aws:sns/topicPolicy:TopicPolicy",
  collection: "sns/topic-policies",
  overwrites: true,
  make(inputs, cloud) {
    const topic = findTopic(cloud, inputs["arn"] as string);
    refuseWrongPolicy(inputs["policy"] as string);
    return { id: topic.id, attributes: { ...inputs, owner: cloud.accountId } };
  },
  remake({ news }) {
    refuseWrongPolicy(news["policy"] as string);
    return {};
  },
});
