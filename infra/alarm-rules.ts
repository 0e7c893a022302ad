import type { Line } from "@pulumi-line-bot/kit/alarm-lines";
import type { AlarmName } from "@pulumi-line-bot/kit/outcomes";

/** When an alarm goes off. Periods without data are fine: a bot that nobody writes to has none. */
export interface AlarmRule {
  watches: Watched;
  /** Above which it goes off. */
  above: number;
  minutes: number;
  /** What has happened, as the mail says it. */
  says: string;
  /** What to do about it, as `docs/operations.md` has it. */
  todo: string;
}

/** Whose log, or whose metric with the dimension that names it. */
export type Watched =
  | { of: "api"; namespace: "AWS/ApiGateway"; metric: "5xx" | "Latency"; statistic: "Sum" | "Maximum" }
  | { of: "receiver" | "worker"; namespace: "AWS/Lambda"; metric: "Errors" | "Throttles"; statistic: "Sum" }
  | {
      of: "queue" | "deadLetters";
      namespace: "AWS/SQS";
      metric: "ApproximateAgeOfOldestMessage" | "ApproximateNumberOfMessagesVisible";
      statistic: "Maximum";
    }
  | { linesOf: "functions" }
  | { linesOf: "accessLog"; pattern: string };

const atOnce = { above: 0, minutes: 1 };

/**
 * What watches the bot. Outcomes about which one does the same share an alarm; which they are stands in
 * `packages/kit/outcomes.ts`. LINE waits for 2 seconds, and sends nothing again unless redelivery is switched on in the console.
 */
export const alarmRules: Readonly<Record<AlarmName, AlarmRule>> = {
  "webhook-failures": {
    watches: { of: "api", namespace: "AWS/ApiGateway", metric: "5xx", statistic: "Sum" },
    ...atOnce,
    says: "LINE got a 5xx: unless redelivery is on, what it sent is lost",
    todo: "`npm run logs -- <stack> --level error`; what LINE sent is lost, unless redelivery is on in the console",
  },
  "throttled-requests": {
    watches: { linesOf: "accessLog", pattern: '{ $.status = "429" }' },
    ...atOnce,
    says: "A request was over the stage's limit: unless redelivery is on, what LINE sent is lost",
    todo: "raise `line-bot:throttleRateLimit` and `throttleBurstLimit`, if it was LINE",
  },
  "throttled-receiver": {
    watches: { of: "receiver", namespace: "AWS/Lambda", metric: "Throttles", statistic: "Sum" },
    ...atOnce,
    says: "The receiver was out of concurrency: unless redelivery is on, what LINE sent is lost",
    todo: "ask AWS for more, raise `line-bot:reservedConcurrency`, or lower `line-bot:workerConcurrency`",
  },
  "slow-receiver": {
    watches: { of: "api", namespace: "AWS/ApiGateway", metric: "Latency", statistic: "Maximum" },
    above: 1500,
    minutes: 1,
    says: "A webhook took more than 1.5 of the 2 seconds that LINE waits for, a cold start included",
    todo: "look at cold starts in the log; raise `line-bot:memorySizeMb`",
  },
  "unauthorized-requests": {
    watches: { linesOf: "functions" },
    above: 20,
    minutes: 5,
    says: "Many requests have a wrong signature: somebody tries, or the secret in use is not the channel's",
    todo: "`npm run doctor`: is the secret in use the channel's? If so, somebody tries, and gets nowhere",
  },
  "unavailable-credentials": {
    watches: { linesOf: "functions" },
    ...atOnce,
    says: "The channel's secret cannot be read; running processes go on with what they have",
    todo: "`npm run credentials -- <stack>`; the role's policy",
  },
  "unhandled-events": {
    watches: { linesOf: "functions" },
    ...atOnce,
    says: "What LINE signed was left alone: it is another bot's, too large, too old, or not in LINE's form",
    todo: "`npm run logs -- <stack> --level error`: another channel's webhook points here, somebody replays what was captured, or LINE sends what `functions/webhook.ts` does not know",
  },
  "dead-letters": {
    watches: {
      of: "deadLetters",
      namespace: "AWS/SQS",
      metric: "ApproximateNumberOfMessagesVisible",
      statistic: "Maximum",
    },
    ...atOnce,
    says: "Events failed three times and wait to be looked at: npm run redrive",
    todo: "see below",
  },
  "late-events": {
    watches: { of: "queue", namespace: "AWS/SQS", metric: "ApproximateAgeOfOldestMessage", statistic: "Maximum" },
    above: 60,
    minutes: 1,
    says: "An event waits for longer than its reply token is good",
    todo: "the worker fails or is too slow: the log tells. If neither, more events wait than are worked on at once: raise `line-bot:workerConcurrency`",
  },
  "worker-errors": {
    watches: { of: "worker", namespace: "AWS/Lambda", metric: "Errors", statistic: "Sum" },
    ...atOnce,
    says: "The worker ended without an answer: its event is worked on again a minute later",
    todo: "the log; its event is worked on again a minute later",
  },
  "refused-answers": {
    watches: { linesOf: "functions" },
    ...atOnce,
    says: "LINE refused an answer for good: a user has none",
    todo: "`npm run logs -- <stack> --level error`: a reply token that is used up or too old, a message that LINE does not take, or the month's limit of messages, which the channel's plan raises",
  },
  "unavailable-token": {
    watches: { linesOf: "functions" },
    ...atOnce,
    says: "LINE gave the worker no access token: it cannot answer anybody",
    todo: "`npm run doctor`: the channel's secret may have been reissued; `npm run credentials -- <stack>`",
  },
};

/**
 * A filter pattern of CloudWatch Logs that these lines match, and no others.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function toPattern(lines: readonly Line[]): string {
  const toTerm = ({ message, outcome }: Line) =>
    outcome === undefined ? `($.message = "${message}")` : `($.message = "${message}" && $.outcome = "${outcome}")`;
  return `{ ${lines.map(toTerm).join(" || ")} }`;
}
