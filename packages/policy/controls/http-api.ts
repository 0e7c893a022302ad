import { type Control, forEach, forStack, unless, violation } from "../control.ts";
import { allOfType } from "../resources.ts";

export const webhookMethod = "POST";
export const webhookPath = "/webhook";
const webhookRoute = `${webhookMethod} ${webhookPath}`;

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html, without who called. */
const harmlessVariables =
  /^\$context\.(apiId|dataProcessed|domainName|domainPrefix|error\.\w+|extendedRequestId|httpMethod|integration\w*(\.\w+)?|path|protocol|requestId|requestTime|requestTimeEpoch|responseLatency|responseLength|routeKey|stage|status)$/;

/** An account's own limits, which a stage has that sets none. */
const accountLimits = { rate: 10_000, burst: 5000 };

export const httpApiControls: Control[] = [
  forStack(
    {
      id: "http-api-one-route",
      area: "HTTP API",
      title: `The API has one route, ${webhookRoute}, and no catch-all`,
      scanners: ["SH APIGateway.8", "CKV_AWS_309", "AwsSolutions-APIG4"],
    },
    (stack) => {
      const routes = allOfType(stack, "aws:apigatewayv2/route:Route");
      const others = routes.filter(({ props: { routeKey } }) => routeKey !== webhookRoute);
      // Given a target, an API makes a `$default` route by itself.
      const quick = allOfType(stack, "aws:apigatewayv2/api:Api").filter(({ props: { target } }) => Boolean(target));
      return [
        ...others.map((route) =>
          violation(route, `take the route away: nothing but ${webhookRoute} is checked for LINE's signature`),
        ),
        ...quick.map((api) => violation(api, "take `target` away, which makes a route for every request")),
        ...(routes.length > others.length + 1 ? [{ message: `leave one route ${webhookRoute}`, urn: undefined }] : []),
      ];
    },
  ),
  forEach(
    {
      id: "http-api-no-cors",
      area: "HTTP API",
      title: "No page in a browser may call the API",
      scanners: [],
    },
    "aws:apigatewayv2/api:Api",
    ({ corsConfiguration }) =>
      unless(!corsConfiguration, "take `corsConfiguration` away: LINE's servers call, no browser does"),
  ),
  forEach(
    {
      id: "http-api-access-log",
      area: "HTTP API",
      title: "The stage writes a line of JSON for each request",
      scanners: [
        "SH APIGateway.9",
        "CKV_AWS_76",
        "AwsSolutions-APIG1",
        "Serverless-APIGWAccessLogging",
        "Serverless-APIGWStructuredLogging",
        "prowler apigatewayv2_api_access_logging_enabled",
      ],
    },
    "aws:apigatewayv2/stage:Stage",
    ({ accessLogSettings }) => [
      ...unless(
        Boolean(accessLogSettings?.destinationArn),
        "set `accessLogSettings.destinationArn` to a log group of the stack",
      ),
      ...unless(
        tryParseFormat(accessLogSettings?.format) !== undefined,
        "write `accessLogSettings.format` as one JSON object of texts",
      ),
    ],
  ),
  forStack(
    {
      id: "http-api-vended-access-log",
      area: "HTTP API",
      title: "The access log's group has a name that the account's one resource policy need not list",
      scanners: [],
    },
    (stack) =>
      allOfType(stack, "aws:apigatewayv2/stage:Stage")
        .filter(({ props: { accessLogSettings } }) => {
          const arn = accessLogSettings?.destinationArn;
          return arn !== undefined && !arn.includes(":log-group:/aws/vendedlogs/");
        })
        .map((stage) =>
          violation(stage, "have `accessLogSettings.destinationArn` name a log group below /aws/vendedlogs/"),
        ),
  ),
  forEach(
    {
      id: "http-api-private-access-log",
      area: "HTTP API",
      title: "The access log says nothing of who called and what was sent",
      scanners: [],
    },
    "aws:apigatewayv2/stage:Stage",
    ({ accessLogSettings }) =>
      variablesOf(accessLogSettings?.format)
        .filter((variable) => !harmlessVariables.test(variable))
        .map((variable) => `take ${variable} out of \`accessLogSettings.format\``),
  ),
  forEach(
    {
      id: "http-api-throttle",
      area: "HTTP API",
      title: "The stage has a limit of its own, within the account's",
      scanners: ["Serverless-APIGWDefaultThrottling"],
    },
    "aws:apigatewayv2/stage:Stage",
    ({ defaultRouteSettings: { throttlingRateLimit: rate = 0, throttlingBurstLimit: burst = 0 } = {} }) => [
      ...unless(
        rate > 0 && rate <= accountLimits.rate,
        `set \`defaultRouteSettings.throttlingRateLimit\` to a number from 1 to ${accountLimits.rate}`,
      ),
      ...unless(
        burst > 0 && burst <= accountLimits.burst,
        `set \`defaultRouteSettings.throttlingBurstLimit\` to a number from 1 to ${accountLimits.burst}`,
      ),
    ],
  ),
];

function tryParseFormat(format = ""): Record<string, string> | undefined {
  try {
    const parsed: unknown = JSON.parse(format);
    const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
    return isObject && Object.values(parsed).every((value) => typeof value === "string")
      ? (parsed as Record<string, string>)
      : undefined;
  } catch {
    // Another format than JSON: that is the answer.
    return undefined;
  }
}

const variablesOf = (format = ""): string[] => format.match(/\$[\w.]+/g) ?? [];
