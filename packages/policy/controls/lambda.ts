import { type Control, forEach, forStack, unless, violation, without } from "../control.ts";
import { allOfType, findQueueReaders, findReceivers, idOfApi } from "../resources.ts";
import { findSecretLike } from "../secret-like.ts";
import { webhookMethod, webhookPath } from "./http-api.ts";

const runtime = "nodejs24.x";
/** LINE waits for 2; a cold start has to fit in, and a receiver that hangs is not to be paid for. */
const mostReceiverSeconds = 5;
/** AWS's. */
const defaults = { timeout: 3, memorySize: 128 };

export const lambdaControls: Control[] = [
  forEach(
    {
      id: "lambda-no-public-permission",
      area: "Lambda",
      title: "Only an AWS service may invoke a function, and only for one source",
      scanners: ["SH Lambda.1", "CKV_AWS_301", "CKV_AWS_364", "Pulumi Permission/configureSourceArn"],
    },
    "aws:lambda/permission:Permission",
    ({ principal, sourceArn, functionUrlAuthType }) => [
      ...unless(/^[a-z0-9-]+\.amazonaws\.com$/.test(principal ?? ""), "set `principal` to the AWS service that calls"),
      ...unless(
        sourceArn !== undefined && !sourceArn.includes("*"),
        "set `sourceArn` to the one ARN that calls, without `*`",
      ),
      ...unless(!functionUrlAuthType, "take `functionUrlAuthType` away: no function has a URL"),
    ],
  ),
  forStack(
    {
      id: "lambda-permission-for-the-route",
      area: "Lambda",
      title: "The permission is for this API's stage and its one route",
      scanners: ["CKV_AWS_364", "Pulumi Permission/configureSourceArn"],
    },
    (stack) => {
      const stages = allOfType(stack, "aws:apigatewayv2/stage:Stage").map(({ props }) => props);
      const sources = new Set(
        allOfType(stack, "aws:apigatewayv2/api:Api").flatMap((api) =>
          stages
            .filter(({ apiId }) => apiId === idOfApi(api))
            .map(({ name }) => `${api.props.executionArn}/${name}/${webhookMethod}${webhookPath}`),
        ),
      );
      return allOfType(stack, "aws:lambda/permission:Permission")
        .filter(({ props: { sourceArn } }) => !sources.has(sourceArn ?? ""))
        .map((permission) =>
          violation(
            permission,
            `set \`sourceArn\` to <execution ARN>/<stage>/${webhookMethod}${webhookPath} of the stack's API`,
          ),
        );
    },
  ),
  forEach(
    {
      id: "lambda-runtime",
      area: "Lambda",
      title: `Functions run on Lambda's current Node, ${runtime}`,
      scanners: ["SH Lambda.2", "CKV_AWS_363", "AwsSolutions-L1", "Serverless-LambdaLatestVersion"],
    },
    "aws:lambda/function:Function",
    (props) => unless(props.runtime === runtime, `set \`runtime\` to ${runtime}`),
  ),
  forEach(
    {
      id: "lambda-no-secrets-in-environment",
      area: "Lambda",
      title: "A function's environment holds the ARN of the secret, never what is in it",
      scanners: ["CKV_AWS_45", "prowler awslambda_function_no_secrets_in_variables"],
    },
    "aws:lambda/function:Function",
    ({ environment }) =>
      Object.entries(environment?.variables ?? {}).flatMap(([name, value]) => {
        const kind = findSecretLike(value);
        return kind === undefined
          ? []
          : [`take ${name}, which looks like ${kind}, out of \`environment\`, and read it from Secrets Manager`];
      }),
  ),
  forEach(
    {
      id: "lambda-own-size",
      area: "Lambda",
      title: "Functions have a timeout and a memory size of their own, not AWS's defaults",
      scanners: ["Serverless-LambdaDefaultTimeout", "Serverless-LambdaDefaultMemorySize"],
    },
    "aws:lambda/function:Function",
    // The provider has filled the defaults in: what is left out looks like this.
    ({ timeout = defaults.timeout, memorySize = defaults.memorySize }) => [
      ...unless(
        timeout !== defaults.timeout,
        "set `timeout`: AWS's default of 3 seconds is too short for a call to LINE",
      ),
      ...unless(
        memorySize !== defaults.memorySize,
        "set `memorySize`: AWS's default of 128 MB makes a cold start slow",
      ),
    ],
  ),
  forStack(
    {
      id: "lambda-receiver-timeout",
      area: "Lambda",
      title: `What answers the webhook runs for ${mostReceiverSeconds} seconds at most`,
      scanners: ["Serverless-LambdaDefaultTimeout"],
    },
    (stack) =>
      findReceivers(stack)
        .filter(({ props: { timeout = defaults.timeout } }) => timeout > mostReceiverSeconds)
        .map((lambda) => violation(lambda, `set \`timeout\` to ${mostReceiverSeconds} seconds at most`)),
  ),
  forEach(
    {
      id: "lambda-partial-batch-failures",
      area: "Lambda",
      title: "A batch's failures are reported message by message",
      scanners: ["Serverless-LambdaEventSourceMappingDestination"],
    },
    "aws:lambda/eventSourceMapping:EventSourceMapping",
    ({ functionResponseTypes = [] }) =>
      unless(
        functionResponseTypes.includes("ReportBatchItemFailures"),
        "set `functionResponseTypes` to ReportBatchItemFailures, or one failure repeats the whole batch",
      ),
  ),
  forStack(
    {
      id: "lambda-visibility-timeout",
      area: "Lambda",
      title: "Messages stay invisible for six times as long as their function may run",
      scanners: ["cdk-nag LambdaEventSourceSQSVisibilityTimeout"],
    },
    (stack) =>
      findQueueReaders(stack)
        .filter(
          ({ queue, lambda }) =>
            (queue.props.visibilityTimeoutSeconds ?? 0) < 6 * (lambda.props.timeout ?? defaults.timeout),
        )
        .map(({ queue, lambda }) =>
          violation(queue, `set \`visibilityTimeoutSeconds\` to six times the timeout of ${lambda.name} at least`),
        ),
  ),
  without(
    {
      id: "lambda-no-function-url",
      area: "Lambda",
      title: "No function has a URL of its own",
      scanners: ["CKV_AWS_258", "CKV2_AWS_75"],
    },
    ["aws:lambda/functionUrl:FunctionUrl"],
    "take the function URL away: requests come by the HTTP API alone, with its limit and its log",
  ),
];
