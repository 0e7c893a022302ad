import { type Control, forEach, forStack, violation } from "../control.ts";
import { checkNotPublic, requiresTls } from "../policy-document.ts";
import { allOfType } from "../resources.ts";

export const snsControls: Control[] = [
  forEach(
    {
      id: "sns-not-public",
      area: "SNS",
      title: "No policy opens the alarms' topic to everybody",
      scanners: ["SH SNS.4", "CKV_AWS_169"],
    },
    ["aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy"],
    ({ policy }) => checkNotPublic(policy),
  ),
  forStack(
    {
      id: "sns-tls-only",
      area: "SNS",
      title: "The alarms' topic refuses connections without TLS",
      scanners: ["AwsSolutions-SNS3"],
    },
    (stack) => {
      const policies = allOfType(stack, "aws:sns/topicPolicy:TopicPolicy");
      return allOfType(stack, "aws:sns/topic:Topic")
        .filter(({ props: { arn } }) => {
          const own = policies.filter(({ props }) => props.arn === arn);
          return !own.some(({ props }) => requiresTls(props.policy, "sns:Publish", arn));
        })
        .map((topic) =>
          violation(topic, "add a TopicPolicy that denies everybody sns:Publish where aws:SecureTransport is false"),
        );
    },
  ),
];
