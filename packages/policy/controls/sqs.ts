import { type Control, forEach, forStack, unless, violation } from "../control.ts";
import { checkNotPublic, requiresTls } from "../policy-document.ts";
import { allOfType, findDeadLetterQueues, findQueueReaders, readRedrivePolicy } from "../resources.ts";

/** A reply token is good for a minute: what fails three times leaves its conversation in that time. */
const mostReceives = 3;
const fourteenDays = 14 * 24 * 60 * 60;

export const sqsControls: Control[] = [
  forEach(
    {
      id: "sqs-encryption",
      area: "SQS",
      title: "Queues are encrypted at rest",
      scanners: ["SH SQS.1", "CKV_AWS_27", "AwsSolutions-SQS2"],
    },
    "aws:sqs/queue:Queue",
    ({ sqsManagedSseEnabled, kmsMasterKeyId }) =>
      unless(sqsManagedSseEnabled === true || Boolean(kmsMasterKeyId), "set `sqsManagedSseEnabled` to true"),
  ),
  forStack(
    {
      id: "sqs-redrive",
      area: "SQS",
      title: `What fails ${mostReceives} times leaves for a queue of dead letters`,
      scanners: ["AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy"],
    },
    (stack) => {
      const arns = new Set(allOfType(stack, "aws:sqs/queue:Queue").map(({ props: { arn } }) => arn));
      return findQueueReaders(stack)
        .filter(({ queue }) => {
          const { deadLetterTargetArn, maxReceiveCount = Infinity } = readRedrivePolicy(queue) ?? {};
          return !arns.has(deadLetterTargetArn) || maxReceiveCount > mostReceives;
        })
        .map(({ queue }) =>
          violation(
            queue,
            `set \`redrivePolicy\` to a queue of the stack, with a maxReceiveCount of ${mostReceives} at most`,
          ),
        );
    },
  ),
  forStack(
    {
      id: "sqs-redrive-allow",
      area: "SQS",
      title: "A queue of dead letters takes those of the stack's own queue only",
      scanners: [],
    },
    (stack) => {
      const queues = allOfType(stack, "aws:sqs/queue:Queue");
      const policies = allOfType(stack, "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy");
      return findDeadLetterQueues(stack)
        .filter(({ props: { url, arn } }) => {
          const senders = queues.filter((queue) => readRedrivePolicy(queue)?.deadLetterTargetArn === arn);
          const sources = new Set(senders.map((queue) => queue.props.arn));
          return !policies
            .filter(({ props }) => props.queueUrl === url)
            .map(({ props: { redriveAllowPolicy = "{}" } }) => JSON.parse(redriveAllowPolicy) as RedriveAllow)
            .some(({ redrivePermission, sourceQueueArns = [] }) => {
              const named = new Set(sourceQueueArns);
              return (
                redrivePermission === "byQueue" &&
                named.size === sources.size &&
                [...named].every((source) => sources.has(source))
              );
            });
        })
        .map((queue) => violation(queue, "add a RedriveAllowPolicy, byQueue, that names the queues that send to it"));
    },
  ),
  forStack(
    {
      id: "sqs-dead-letter-retention",
      area: "SQS",
      title: "Dead letters are kept for 14 days, as long as SQS keeps anything",
      scanners: ["AwsSolutions-SQS3"],
    },
    (stack) =>
      findDeadLetterQueues(stack)
        .filter(({ props: { messageRetentionSeconds = 0 } }) => messageRetentionSeconds < fourteenDays)
        .map((queue) => violation(queue, `set \`messageRetentionSeconds\` to ${fourteenDays}`)),
  ),
  forStack(
    {
      id: "sqs-tls-only",
      area: "SQS",
      title: "Queues refuse connections without TLS",
      scanners: ["AwsSolutions-SQS4"],
    },
    (stack) => {
      const policies = allOfType(stack, "aws:sqs/queuePolicy:QueuePolicy");
      return allOfType(stack, "aws:sqs/queue:Queue")
        .filter(({ props: { url, arn } }) => {
          const own = policies.filter(({ props }) => props.queueUrl === url);
          return !own.some(({ props }) => requiresTls(props.policy, "sqs:*", arn));
        })
        .map((queue) =>
          violation(queue, "add a QueuePolicy that denies everybody sqs:* where aws:SecureTransport is false"),
        );
    },
  ),
  forEach(
    {
      id: "sqs-not-public",
      area: "SQS",
      title: "No policy opens a queue to everybody",
      scanners: ["SH SQS.3", "CKV_AWS_72", "CKV_AWS_168", "CKV_AWS_387"],
    },
    ["aws:sqs/queue:Queue", "aws:sqs/queuePolicy:QueuePolicy"],
    ({ policy }) => checkNotPublic(policy),
  ),
];

interface RedriveAllow {
  redrivePermission?: string;
  sourceQueueArns?: string[];
}
