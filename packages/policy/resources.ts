import type { apigatewayv2, cloudwatch, dynamodb, iam, lambda, secretsmanager, sns, sqs } from "@pulumi/aws";
import type { Unwrap } from "@pulumi/pulumi";

/** A resource as a policy pack is given it: its inputs before it is made, its outputs once the stack is whole. */
export interface AnyResource {
  type: string;
  name: string;
  urn: string;
  props: Record<string, unknown>;
  protect: boolean;
}

interface States {
  "aws:apigatewayv2/api:Api": apigatewayv2.ApiState;
  "aws:apigatewayv2/integration:Integration": apigatewayv2.IntegrationState;
  "aws:apigatewayv2/route:Route": apigatewayv2.RouteState;
  "aws:apigatewayv2/stage:Stage": apigatewayv2.StageState;
  "aws:cloudwatch/logGroup:LogGroup": cloudwatch.LogGroupState;
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": cloudwatch.LogMetricFilterState;
  "aws:cloudwatch/metricAlarm:MetricAlarm": cloudwatch.MetricAlarmState;
  "aws:dynamodb/table:Table": dynamodb.TableState;
  "aws:iam/role:Role": iam.RoleState;
  "aws:iam/rolePolicy:RolePolicy": iam.RolePolicyState;
  "aws:lambda/eventSourceMapping:EventSourceMapping": lambda.EventSourceMappingState;
  "aws:lambda/function:Function": lambda.FunctionState;
  "aws:lambda/permission:Permission": lambda.PermissionState;
  "aws:secretsmanager/secret:Secret": secretsmanager.SecretState;
  "aws:secretsmanager/secretPolicy:SecretPolicy": secretsmanager.SecretPolicyState;
  "aws:secretsmanager/secretVersion:SecretVersion": secretsmanager.SecretVersionState;
  "aws:sns/topic:Topic": sns.TopicState;
  "aws:sns/topicPolicy:TopicPolicy": sns.TopicPolicyState;
  "aws:sqs/queue:Queue": sqs.QueueState;
  "aws:sqs/queuePolicy:QueuePolicy": sqs.QueuePolicyState;
  "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": sqs.RedriveAllowPolicyState;
}

/** The types that controls read. */
export type ResourceType = keyof States;
export type Props<T extends ResourceType> = Unwrap<States[T]>;

export interface Resource<T extends ResourceType> extends Omit<AnyResource, "props"> {
  type: T;
  props: Props<T>;
}

/** The provider has checked the properties: they are what the type says. */
export const isOfType = <T extends ResourceType>(
  resource: AnyResource,
  ...types: T[]
): resource is AnyResource & Resource<T> => types.some((type) => type === resource.type);

export const allOfType = <T extends ResourceType>(stack: AnyResource[], type: T): Resource<T>[] =>
  stack.filter((resource) => isOfType(resource, type));

export type Lambda = Resource<"aws:lambda/function:Function">;
export type Queue = Resource<"aws:sqs/queue:Queue">;

/** The state's type leaves the `id` out that every resource has. */
export const idOfApi = ({ props: { executionArn } }: Resource<"aws:apigatewayv2/api:Api">): string | undefined =>
  executionArn?.split(":")[5];

/** The functions that an HTTP API calls. */
export function findReceivers(stack: AnyResource[]): Lambda[] {
  const called = allOfType(stack, "aws:apigatewayv2/integration:Integration").map(
    // arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<ARN>/invocations
    ({ props }) => /\/functions\/(.+)\/invocations$/.exec(props.integrationUri ?? "")?.[1] ?? "",
  );
  return allOfType(stack, "aws:lambda/function:Function").filter((lambda) => called.some((ref) => names(ref, lambda)));
}

export interface QueueReader {
  queue: Queue;
  lambda: Lambda;
}

/** The queues that event source mappings read, and the function that each is read for. */
export function findQueueReaders(stack: AnyResource[]): QueueReader[] {
  const queues = allOfType(stack, "aws:sqs/queue:Queue");
  const lambdas = allOfType(stack, "aws:lambda/function:Function");
  return allOfType(stack, "aws:lambda/eventSourceMapping:EventSourceMapping").flatMap(({ props }) => {
    const queue = queues.find(({ props: { arn } }) => arn !== undefined && arn === props.eventSourceArn);
    const lambda = lambdas.find((one) => names(props.functionName ?? "", one));
    return queue && lambda ? [{ queue, lambda }] : [];
  });
}

/** Whether a function's name or ARN, with or without an alias behind it, is this function's. */
function names(ref: string, { props }: Lambda): boolean {
  const name = ref.startsWith("arn:") ? ref.split(":")[6] : ref.split(":")[0];
  return name !== undefined && name !== "" && name === props.name;
}

/** The queues that others send to what failed. */
export function findDeadLetterQueues(stack: AnyResource[]): Queue[] {
  const queues = allOfType(stack, "aws:sqs/queue:Queue");
  const targets = new Set(queues.map((queue) => readRedrivePolicy(queue)?.deadLetterTargetArn));
  return queues.filter(({ props: { arn } }) => arn !== undefined && targets.has(arn));
}

export interface RedrivePolicy {
  deadLetterTargetArn?: string;
  maxReceiveCount?: number;
}

/** The policy as the provider keeps it: JSON, and an empty text where there is none. */
export const readRedrivePolicy = ({ props: { redrivePolicy } }: Queue): RedrivePolicy | undefined =>
  redrivePolicy ? (JSON.parse(redrivePolicy) as RedrivePolicy) : undefined;
