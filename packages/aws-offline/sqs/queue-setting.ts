import type { Cloud, ResourceType } from "../cloud.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { findQueue, queuesOf } from "./model.ts";
import { refuseBadRedrive } from "./redrive-rules.ts";

/** A resource that is one attribute of a queue: setting it makes it, clearing it deletes it. */
function queueSetting(token: string, property: "policy" | "redrivePolicy" | "redriveAllowPolicy"): ResourceType {
  const set = (inputs: Attributes, cloud: Cloud): Attributes => {
    const { url, arn, name, attributes } = findQueue(cloud, inputs["queueUrl"] as string);
    const value = inputs[property];
    refuseBadRedrive({ arn, name }, { [property]: value }, cloud);
    queuesOf(cloud).put(url, { id: url, attributes: { ...attributes, [property]: value } });
    return inputs;
  };
  return {
    token,
    create: (inputs, cloud) => ({ id: inputs["queueUrl"] as string, attributes: set(inputs, cloud) }),
    read(id, _known, cloud) {
      const attributes = queuesOf(cloud).get(id)?.attributes;
      if (!attributes?.[property]) return undefined;
      return { id, attributes: { queueUrl: id, region: attributes["region"], [property]: attributes[property] } };
    },
    update: (_id, { news }, cloud) => set(news, cloud),
    delete(id, _known, cloud) {
      if (queuesOf(cloud).get(id)) set({ queueUrl: id, [property]: "" }, cloud);
    },
  };
}

export const queuePolicy = queueSetting("aws:sqs/queuePolicy:QueuePolicy", "policy");
export const redrivePolicy = queueSetting("aws:sqs/redrivePolicy:RedrivePolicy", "redrivePolicy");
export const redriveAllowPolicy = queueSetting("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", "redriveAllowPolicy");
