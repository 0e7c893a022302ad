import * as v from "valibot";
import { tryParseJson } from "@pulumi-line-bot/kit/json";
import type { Cloud } from "../cloud.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";
import { arnToQueueUrl, tryFindQueue, type Queue } from "./model.ts";

const Policy = v.object({
  deadLetterTargetArn: v.string(),
  maxReceiveCount: v.pipe(v.union([v.number(), v.pipe(v.string(), v.transform(Number))]), v.integer()),
});
const Allow = v.variant("redrivePermission", [
  v.strictObject({ redrivePermission: v.picklist(["allowAll", "denyAll"]) }),
  v.strictObject({
    redrivePermission: v.literal("byQueue"),
    sourceQueueArns: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(10)),
  }),
]);

/** Refuses policies that SQS does not take for a queue, as it does. */
export function refuseBadRedrive(
  queue: { name: string; arn: string },
  { redrivePolicy, redriveAllowPolicy }: Attributes,
  cloud: Cloud,
): void {
  if (redrivePolicy) refusePolicy(queue, redrivePolicy as string, cloud);
  if (redriveAllowPolicy && !v.safeParse(Allow, tryParseJson(redriveAllowPolicy as string)).success)
    throw invalid("RedriveAllowPolicy", redriveAllowPolicy as string, "The policy is not well-formed.");
}

function refusePolicy({ name, arn }: { name: string; arn: string }, text: string, cloud: Cloud): void {
  const { success, output } = v.safeParse(Policy, tryParseJson(text));
  if (!success) throw invalid("RedrivePolicy", text, "Redrive policy needs deadLetterTargetArn and maxReceiveCount.");
  const { maxReceiveCount, deadLetterTargetArn } = output;
  if (maxReceiveCount < 1 || maxReceiveCount > 1000)
    throw invalid(
      "RedrivePolicy",
      text,
      `Invalid value for maxReceiveCount: ${maxReceiveCount}, valid values are from 1 to 1000 both inclusive.`,
    );
  const target = tryFindQueue(cloud, arnToQueueUrl(deadLetterTargetArn));
  if (!target || target.arn === arn) throw invalid("RedrivePolicy", text, "Dead letter target does not exist.");
  if (target.isFifo !== name.endsWith(".fifo"))
    throw invalid("RedrivePolicy", text, "Dead-letter queue must be same type of queue as the source.");
  if (!allows(target, arn))
    throw invalid("RedrivePolicy", text, `The redrive allow policy of ${target.arn} does not permit this source.`);
}

function allows({ attributes }: Queue, source: string): boolean {
  const text = attributes["redriveAllowPolicy"] as string | undefined;
  if (!text) return true;
  const policy = v.parse(Allow, tryParseJson(text));
  if (policy.redrivePermission === "byQueue") return policy.sourceQueueArns.includes(source);
  return policy.redrivePermission === "allowAll";
}

function invalid(parameter: string, value: string, reason: string): ServiceError {
  return new ServiceError(
    "InvalidParameterValue",
    `Value ${value} for parameter ${parameter} is invalid. Reason: ${reason}`,
  );
}
