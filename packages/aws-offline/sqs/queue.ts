import type { Cloud } from "../cloud.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import { ServiceError } from "../errors.ts";
import { uniqueSuffix } from "../naming.ts";
import { storedType } from "../store/stored.ts";
import { queuesOf, toQueueUrl } from "./model.ts";
import { refuseBadRedrive } from "./redrive-rules.ts";

/** What the service fills in and keeps where the program says nothing. */
const KEPT = ["policy", "redrivePolicy", "redriveAllowPolicy", "deduplicationScope", "fifoThroughputLimit"];

export const queue = storedType({
  token: "aws:sqs/queue:Queue",
  collection: "sqs/queues",
  validate,
  make(inputs, cloud) {
    const region = inputs["region"] as string;
    const name = toName(inputs);
    const arn = toArn("sqs", region, cloud.accountId, name);
    const url = toQueueUrl(region, cloud.accountId, name);
    refuseRules({ ...inputs, name, arn }, cloud);
    return { id: url, attributes: { ...toDefaults(inputs), ...inputs, name, arn, url } };
  },
  remake({ olds, news }, cloud, id) {
    const kept = queuesOf(cloud).get(id)?.attributes ?? olds;
    const next = { ...Object.fromEntries(KEPT.map((name) => [name, kept[name]])), ...news };
    refuseRules({ ...olds, ...next }, cloud);
    return next;
  },
  removing: ({ arn }, cloud) => cloud.queues.drop(arn as string),
  exists: ({ name }) =>
    new ServiceError("QueueAlreadyExists", `A queue already exists with the same name: ${name as string}.`),
});

/** Rules over several properties that the provider tells when it makes a diff. */
function validate({ fifoQueue, contentBasedDeduplication, name }: Attributes): void {
  if (contentBasedDeduplication === true && fifoQueue !== true)
    throw new Error("content-based deduplication can only be set for FIFO queue");
  if (typeof name !== "string") return;
  const pattern = fifoQueue === true ? /^[0-9A-Za-z_-]{1,75}\.fifo$/ : /^[0-9A-Za-z_-]{1,80}$/;
  if (!pattern.test(name)) throw new Error(`invalid queue name: ${name}; expected ${pattern.source}`);
}

/** Rules of the service. */
function refuseRules(attributes: Attributes, cloud: Cloud): void {
  const { name, arn, fifoQueue, deduplicationScope, fifoThroughputLimit } = attributes as Record<string, string>;
  if (!fifoQueue && (deduplicationScope || fifoThroughputLimit))
    throw new ServiceError(
      "InvalidAttributeName",
      "You can specify the DeduplicationScope and FifoThroughputLimit only for FIFO queues.",
    );
  if (fifoThroughputLimit === "perMessageGroupId" && deduplicationScope !== "messageGroup")
    throw new ServiceError(
      "InvalidAttributeValue",
      "The perMessageGroupId value of FifoThroughputLimit is allowed only when DeduplicationScope is messageGroup.",
    );
  refuseBadRedrive({ name: name ?? "", arn: arn ?? "" }, attributes, cloud);
}

function toDefaults({ fifoQueue, kmsMasterKeyId }: Attributes): Attributes {
  const [scope, limit] = fifoQueue === true ? ["queue", "perQueue"] : ["", ""];
  return {
    deduplicationScope: scope,
    fifoThroughputLimit: limit,
    kmsDataKeyReusePeriodSeconds: 300,
    policy: "",
    redriveAllowPolicy: "",
    redrivePolicy: "",
    sqsManagedSseEnabled: !kmsMasterKeyId,
  };
}

function toName(inputs: Attributes): string {
  const prefix = inputs["namePrefix"] as string | undefined;
  const end = inputs["fifoQueue"] === true ? ".fifo" : "";
  return (inputs["name"] as string | undefined) ?? `${prefix}${uniqueSuffix()}${end}`;
}
