import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import type { ResourceType } from "../cloud.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";
import { uniqueSuffix } from "../naming.ts";
import { isEmpty } from "@pulumi-line-bot/aws-resources/compare";
import { storedType } from "../store/stored.ts";
import { refuseWrongPolicy } from "./resource-policy.ts";
import { listSubscriptions, policyOf, subscriptionsOf, toDefaultPolicy, topicsOf } from "./topic-model.ts";

const UNSUPPORTED = ["archivePolicy", "contentBasedDeduplication", "fifoTopic"];

const stored = storedType({
  token: "aws:sns/topic:Topic",
  collection: "sns/topics",
  overwrites: true,
  make(inputs, cloud) {
    refuseWrong(inputs);
    const prefix = inputs["namePrefix"] as string | undefined;
    const name = (inputs["name"] as string | undefined) ?? `${prefix}${uniqueSuffix()}`;
    const arn = toArn("sns", inputs["region"] as string, cloud.accountId, name);
    const made = { signatureVersion: 0, tracingConfig: "", beginningArchiveTime: "", owner: cloud.accountId };
    return { id: arn, attributes: { ...made, policy: toDefaultPolicy(arn, cloud.accountId), ...inputs, name, arn } };
  },
  remake({ news }) {
    refuseWrong(news);
    return {};
  },
  removing(_attributes, cloud, id) {
    for (const subscription of listSubscriptions(cloud, id)) subscriptionsOf(cloud).delete(subscription.id);
  },
});

export const topic: ResourceType = {
  ...stored,
  /** A policy of its own resource shows in the topic, too. */
  read(id, known, cloud) {
    const found = topicsOf(cloud).get(id);
    return (
      found &&
      stored.read(id, known, cloud) && { id, attributes: { ...found.attributes, policy: policyOf(cloud, found) } }
    );
  },
};

function refuseWrong(inputs: Attributes): void {
  for (const name of UNSUPPORTED)
    if (!isEmpty(inputs[name]))
      throw new ServiceError("InvalidParameter", `The offline AWS makes a topic without ${name} only`);
  if (!isEmpty(inputs["policy"])) refuseWrongPolicy(inputs["policy"] as string);
}
