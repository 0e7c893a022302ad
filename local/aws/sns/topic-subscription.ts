import { randomUUID } from "node:crypto";
import type { Attributes } from "../cloud.ts";
import { ServiceError } from "../errors.ts";
import { isEmpty } from "../provider/compare.ts";
import { storedType } from "../store/stored.ts";
import { findTopic } from "./topic-model.ts";

const PROTOCOLS = ["email", "email-json"];
const UNSUPPORTED = ["filterPolicy", "rawMessageDelivery", "redrivePolicy", "replayPolicy", "deliveryPolicy"];

/** An address waits until its owner follows the link in a mail; no mail is sent here, so it waits for good. */
export const topicSubscription = storedType({
  token: "aws:sns/topicSubscription:TopicSubscription",
  collection: "sns/subscriptions",
  validate(inputs) {
    if (!isEmpty(inputs["filterPolicyScope"]) && isEmpty(inputs["filterPolicy"]))
      throw new Error(`"filterPolicyScope" needs "filterPolicy"`);
  },
  make(inputs, cloud) {
    refuseWrong(inputs);
    const topic = findTopic(cloud, inputs["topic"] as string);
    const arn = `${topic.id}:${randomUUID()}`;
    const made = { arn, ownerId: cloud.accountId, confirmationWasAuthenticated: false, pendingConfirmation: true };
    return { id: arn, attributes: { filterPolicyScope: "", ...inputs, ...made } };
  },
  remake({ news }) {
    refuseWrong(news);
    return {};
  },
});

function refuseWrong(inputs: Attributes): void {
  const wrong = (message: string) => new ServiceError("InvalidParameter", `Invalid parameter: ${message}`);
  const { protocol, endpoint } = inputs as { protocol: string; endpoint: string };
  if (!PROTOCOLS.includes(protocol))
    throw wrong(`The offline AWS has subscriptions by ${PROTOCOLS.join(" and ")} only, not by ${protocol}`);
  if (!/^[^@\s]+@[^@\s]+$/.test(endpoint)) throw wrong("Email address");
  for (const name of UNSUPPORTED)
    if (!isEmpty(inputs[name])) throw wrong(`The offline AWS has subscriptions without ${name} only`);
}
