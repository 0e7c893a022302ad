import * as v from "valibot";

/** What the program in `infra/` puts out, as far as the chain is followed by it. */
export const stackOutputs = v.object({
  webhookUrl: v.string(),
  botName: v.string(),
  botUserId: v.string(),
  functionName: v.string(),
  functionVersion: v.string(),
  artifactSha256: v.string(),
  credentialsSecret: v.string(),
  logGroup: v.string(),
  workerName: v.string(),
  workerVersion: v.string(),
  workerLogGroup: v.string(),
  queueUrl: v.string(),
  deadLetterQueueUrl: v.string(),
  alarmNames: v.array(v.string()),
  /** The ARN of the topic that alarms go to. */
  alarmTopic: v.string(),
  /** What LINE's test was made of last, with success. */
  provenArtifact: v.optional(v.string()),
});
export type StackOutputs = v.InferOutput<typeof stackOutputs>;
