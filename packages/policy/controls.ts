import type { Control, Violation } from "./control.ts";
import { alarmControls } from "./controls/alarms.ts";
import { cloudwatchControls } from "./controls/cloudwatch.ts";
import { dynamodbControls } from "./controls/dynamodb.ts";
import { httpApiControls } from "./controls/http-api.ts";
import { iamGrantControls } from "./controls/iam-grants.ts";
import { iamControls } from "./controls/iam.ts";
import { lambdaControls } from "./controls/lambda.ts";
import { secretsManagerControls } from "./controls/secrets-manager.ts";
import { snsControls } from "./controls/sns.ts";
import { sqsControls } from "./controls/sqs.ts";
import { tagControls } from "./controls/tags.ts";
import type { AnyResource } from "./resources.ts";

export const controls: Control[] = [
  ...lambdaControls,
  ...tagControls,
  ...httpApiControls,
  ...secretsManagerControls,
  ...iamGrantControls,
  ...iamControls,
  ...sqsControls,
  ...dynamodbControls,
  ...cloudwatchControls,
  ...alarmControls,
  ...snsControls,
];

/** A stack before it is made, resource by resource, and once it is whole. */
export interface StackResources {
  inputs: AnyResource[];
  outputs: AnyResource[];
}

/** What a control finds in a stack. */
export function violationsOf(control: Control, { inputs, outputs }: StackResources): Violation[] {
  if ("checkStack" in control) return control.checkStack(outputs);
  return inputs
    .filter(control.applies)
    .flatMap((resource) =>
      control.check(resource).map((message) => ({ message: `${resource.name}: ${message}`, urn: resource.urn })),
    );
}
