import { randomUUID } from "node:crypto";
import type { Cloud } from "../cloud.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";
import { isEmpty } from "@pulumi-line-bot/aws-resources/compare";
import { arnToQueueUrl, tryFindQueue } from "../sqs/model.ts";
import { storedType } from "../store/stored.ts";
import { findTopic } from "./topic-model.ts";

const UNSUPPORTED = ["filterPolicy", "redrivePolicy", "replayPolicy", "deliveryPolicy"];

/** What is wrong with an endpoint, for each protocol. */
const PROTOCOLS: Record<string, (endpoint: string, cloud: Cloud) => string | undefined> = {
  email: refuseAddress,
  "email-json": refuseAddress,
  sqs(endpoint, cloud) {
    const queue = tryFindQueue(cloud, arnToQueueUrl(endpoint));
    if (!queue) return "SQS endpoint ARN";
    return queue.isFifo ? "Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics" : undefined;
  },
};

/** A queue is subscribed at once. An address waits until its owner follows the link in a mail, and none is sent here. */
export const topicSubscription = storedType({
  token: "aws:sns/topicSubscription:TopicSubscription",
  collection: "sns/subscriptions",
  validate(inputs) {
    if (!isEmpty(inputs["filterPolicyScope"]) && isEmpty(inputs["filterPolicy"]))
      throw new Error(`"filterPolicyScope" needs "filterPolicy"`);
  },
  make(inputs, cloud) {
    refuseWrong(inputs, cloud);
    const topic = findTopic(cloud, inputs["topic"] as string);
    const arn = `${topic.id}:${randomUUID()}`;
    const isQueue = inputs["protocol"] === "sqs";
    const made = {
      arn,
      ownerId: cloud.accountId,
      confirmationWasAuthenticated: isQueue,
      pendingConfirmation: !isQueue,
    };
    return { id: arn, attributes: { filterPolicyScope: "", ...inputs, ...made } };
  },
  remake({ news }, cloud) {
    refuseWrong(news, cloud);
    return {};
  },
});

function refuseWrong(inputs: Attributes, cloud: Cloud): void {
  const wrong = (message: string) => new ServiceError("InvalidParameter", `Invalid parameter: ${message}`);
  const { protocol, endpoint } = inputs as { protocol: string; endpoint: string };
  const refuse = PROTOCOLS[protocol];
  if (!refuse)
    throw wrong(`The offline AWS has subscriptions by ${Object.keys(PROTOCOLS).join(", ")} only, not by ${protocol}`);
  const reason = refuse(endpoint, cloud);
  if (reason !== undefined) throw wrong(reason);
  if (protocol !== "sqs" && inputs["rawMessageDelivery"] === true)
    throw wrong(`Delivery protocol [${protocol}] does not support raw message delivery.`);
  for (const name of UNSUPPORTED)
    if (!isEmpty(inputs[name])) throw wrong(`The offline AWS has subscriptions without ${name} only`);
}

function refuseAddress(endpoint: string): string | undefined {
  return /^[^@\s]+@[^@\s]+$/.test(endpoint) ? undefined : "Email address";
}
