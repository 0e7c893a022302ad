import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface WebhookApiArgs {
  lambda: aws.lambda.Function;
  alias: aws.lambda.Alias;
  logRetentionDays: number;
  /** Requests per second, and how many may come at once. */
  throttle: { rateLimit: number; burstLimit: number };
  protect: boolean;
}

const path = "/webhook";

/** One line of JSON for each request: nothing of the body, no signature, no address of a sender. */
const accessLogFormat = JSON.stringify({
  requestId: "$context.requestId",
  time: "$context.requestTimeEpoch",
  route: "$context.routeKey",
  status: "$context.status",
  responseLatencyMs: "$context.responseLatency",
  integrationLatencyMs: "$context.integrationLatency",
  integrationError: "$context.integrationErrorMessage",
});

/**
 * For a group of another name API Gateway adds an ARN to one resource policy of the account, which takes 5,120
 * characters and from which it removes none.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
 */
const accessLogFolder = "/aws/vendedlogs/";

/** An HTTP API with exactly one route, which calls the alias. LINE's signature is what authorizes a request. */
export function createWebhookApi(name: string, args: WebhookApiArgs, opts: pulumi.CustomResourceOptions) {
  const stackName = `${pulumi.getProject()}-${pulumi.getStack()}`;
  const api = new aws.apigatewayv2.Api(
    name,
    { description: "The webhook of a LINE channel", protocolType: "HTTP" },
    // Its id is the host name: another one is another webhook URL.
    { ...opts, protect: args.protect },
  );
  const integration = new aws.apigatewayv2.Integration(
    name,
    {
      apiId: api.id,
      integrationType: "AWS_PROXY",
      integrationUri: args.alias.invokeArn,
      payloadFormatVersion: "2.0",
    },
    opts,
  );
  new aws.apigatewayv2.Route(
    name,
    {
      apiId: api.id,
      routeKey: `POST ${path}`,
      authorizationType: "NONE",
      target: pulumi.interpolate`integrations/${integration.id}`,
    },
    opts,
  );
  const accessLog = new aws.cloudwatch.LogGroup(
    `${name}-access`,
    { namePrefix: `${accessLogFolder}${stackName}-${name}-access-`, retentionInDays: args.logRetentionDays },
    opts,
  );
  const stage = new aws.apigatewayv2.Stage(
    name,
    {
      apiId: api.id,
      name: "$default",
      autoDeploy: true,
      accessLogSettings: { destinationArn: accessLog.arn, format: accessLogFormat },
      defaultRouteSettings: {
        throttlingRateLimit: args.throttle.rateLimit,
        throttlingBurstLimit: args.throttle.burstLimit,
      },
    },
    opts,
  );
  new aws.lambda.Permission(
    name,
    {
      action: "lambda:InvokeFunction",
      principal: "apigateway.amazonaws.com",
      function: args.lambda.name,
      qualifier: args.alias.name,
      sourceArn: pulumi.interpolate`${api.executionArn}/${stage.name}/POST${path}`,
    },
    opts,
  );
  const url = pulumi.interpolate`${api.apiEndpoint}${path}`;
  return { api, accessLog, url };
}
