import type { Area } from "./control.ts";

/** What scanners report of the program, and what stays as it is. */
export interface Suppression {
  area: Area;
  /** What they ask for. */
  asks: string;
  scanners: string[];
  /** Why not, for anyone who reads a scanner's report. */
  reason: string;
  /** The stack's setting that does it, where it is a choice. */
  setting?: string;
}

export const suppressions: Suppression[] = [
  {
    area: "Lambda",
    asks: "the environment encrypted with a key of one's own",
    scanners: ["CKV_AWS_173"],
    reason: "The environment holds names and ARNs, and no secret. Lambda encrypts it with AWS's key.",
  },
  {
    area: "Lambda",
    asks: "a dead-letter queue or a destination for asynchronous calls",
    scanners: ["CKV_AWS_116", "Serverless-LambdaDLQ", "Serverless-LambdaAsyncFailureDestination"],
    reason:
      "Nothing calls a function asynchronously: the API waits for the receiver, and what the worker fails at leaves by its queue's redrive policy.",
  },
  {
    area: "Lambda",
    asks: "a VPC, over several zones",
    scanners: ["SH Lambda.3", "SH Lambda.5", "CKV_AWS_117"],
    reason:
      "There is nothing private to reach. A VPC would need a NAT gateway for LINE's API and make cold starts slower, of which LINE waits for 2 seconds.",
  },
  {
    area: "Lambda",
    asks: "code signing",
    scanners: ["CKV_AWS_272"],
    reason:
      "The artifact's SHA-256 is pinned instead: it is an output of the stack, the same bytes come of the same sources anywhere, and a promotion carries that digest.",
  },
  {
    area: "Lambda",
    asks: "tracing",
    scanners: ["SH Lambda.7", "CKV_AWS_50", "Serverless-LambdaTracing"],
    reason:
      "One correlation id goes from the webhook's log line to the reply's without it, and X-Ray costs by the request.",
    setting: "line-bot:tracing",
  },
  {
    area: "Lambda",
    asks: "reserved concurrency",
    scanners: ["CKV_AWS_115"],
    reason:
      "The stage's limit is the guard. A new account may have 10 executions in all, of which AWS lets none be reserved.",
    setting: "line-bot:reservedConcurrency",
  },
  {
    area: "HTTP API",
    asks: "an authorizer on the route",
    scanners: ["SH APIGateway.8", "CKV_AWS_309", "AwsSolutions-APIG4"],
    reason:
      "LINE sends no credentials but a signature over the body's bytes, which no authorizer of API Gateway is given. The function checks it before it parses anything, and there is no other route.",
  },
  {
    area: "HTTP API",
    asks: "a web application firewall, client certificates, request validation, X-Ray, a cache",
    scanners: [
      "SH APIGateway.2",
      "SH APIGateway.3",
      "SH APIGateway.4",
      "AwsSolutions-APIG2",
      "AwsSolutions-APIG3",
      "CKV_AWS_120",
      "CKV_AWS_225",
      "CKV2_AWS_51",
      "Serverless-APIGWXrayEnabled",
    ],
    reason:
      "REST APIs have these, HTTP APIs do not. None could tell LINE's requests from others: the signature over the raw body does.",
  },
  {
    area: "HTTP API",
    asks: "a TLS policy, and the API's own host name switched off",
    scanners: ["SH APIGateway.11", "CKV_AWS_206"],
    reason:
      "The program makes no custom domain, and the API's own host has no policy to choose. LINE connects with TLS 1.2 or later.",
  },
  {
    area: "Secrets Manager",
    asks: "rotation",
    scanners: [
      "SH SecretsManager.1",
      "SH SecretsManager.2",
      "SH SecretsManager.4",
      "CKV2_AWS_57",
      "CKV_AWS_304",
      "AwsSolutions-SMG4",
    ],
    reason:
      "LINE has no call that reissues a channel secret. It is reissued in the LINE Developers Console and stored with `npm run credentials -- <stack>` and the next update, which asks LINE before it stores one; the functions read it again as soon as a signature does not verify. Access tokens live for 15 minutes unless the stack is given a long-lived one.",
  },
  {
    area: "Secrets Manager",
    asks: "a key of one's own",
    scanners: ["CKV_AWS_149", "Pulumi Secret/configureCustomerManagedKey", "cdk-nag SecretsManagerUsingKMSKey"],
    reason:
      "In one account it guards nothing that the roles do not. Where a key policy of one's own is wanted, name the key: the stack's secret is encrypted with it, or somebody else's is, and functions and workflows may use it by way of Secrets Manager alone.",
    setting: "line:credentialsKey",
  },
  {
    area: "Secrets Manager",
    asks: "a policy of the secret's own that denies it to all others",
    scanners: ["prowler secretsmanager_has_restrictive_resource_policy"],
    reason:
      "A function may read its own stack's secret and no other (`iam-own-resources`). A list of denials would shut out anyone who deploys next, and with them the way to fix it.",
  },
  {
    area: "Secrets Manager",
    asks: "secrets that nobody reads removed",
    scanners: ["SH SecretsManager.3"],
    reason: "A bot that nobody writes to for 90 days does not read its secret, and needs it for the next message.",
  },
  {
    area: "IAM",
    asks: "no `*` in a resource",
    scanners: ["CKV_AWS_355", "AwsSolutions-IAM5"],
    reason:
      "Two are left: the streams of a function's own log group (`<group>:*`), which Lambda names, and X-Ray's, which has no resources to name; the latter only with line-bot:tracing.",
  },
  {
    area: "SQS",
    asks: "a key of one's own",
    scanners: ["CKV2_AWS_73"],
    reason:
      "SQS's own key encrypts the messages. One's own adds a call to KMS on the way to the answer that LINE waits for.",
  },
  {
    area: "SQS",
    asks: "a dead-letter queue of the dead-letter queue",
    scanners: ["AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy"],
    reason: "It is the end of the way: nothing reads it but `npm run redrive -- <stack>`.",
  },
  {
    area: "DynamoDB",
    asks: "point-in-time recovery, a backup plan",
    scanners: ["SH DynamoDB.2", "SH DynamoDB.4", "CKV_AWS_28", "AwsSolutions-DDB3"],
    reason:
      "The table remembers which events were done, and forgets them by itself. An old copy of it would let events be done again.",
  },
  {
    area: "DynamoDB",
    asks: "a key of one's own",
    scanners: ["CKV_AWS_119"],
    reason: "The table holds ids of events and no message. DynamoDB's own key encrypts it.",
  },
  {
    area: "CloudWatch",
    asks: "logs encrypted with a key of one's own",
    scanners: ["CKV_AWS_158", "cdk-nag CloudWatchLogGroupEncrypted"],
    reason:
      "Logs hold no token, no user id and, unless line-bot:logErrorMessages is on, no word of a message. CloudWatch's own key encrypts them.",
  },
  {
    area: "SNS",
    asks: "the topic encrypted",
    scanners: ["SH SNS.1", "CKV_AWS_26", "AwsSolutions-SNS2"],
    reason:
      "It carries the names and limits of alarms. CloudWatch cannot publish to a topic that AWS's own key encrypts, so it would take one of one's own.",
  },
];
