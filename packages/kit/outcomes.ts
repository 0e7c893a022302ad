/**
 * Every outcome of a request at the receiver and of an event at the worker: the words of its log line, the level, and
 * the alarm that it raises or the reason that it raises none. What a user gets no answer by is no "info", and raises an
 * alarm: at once if LINE signed it, above a limit if any stranger can send it.
 *
 * Functions write these words and alarms look for them, so both take them from here.
 */
export type Level = "info" | "warn" | "error";

/** What watches the bot, after the component's name. */
export type AlarmName =
  | "webhook-failures"
  | "throttled-requests"
  | "throttled-receiver"
  | "slow-receiver"
  | "unauthorized-requests"
  | "unavailable-credentials"
  | "unhandled-events"
  | "dead-letters"
  | "late-events"
  | "worker-errors"
  | "refused-answers"
  | "unavailable-token";

type Consequence = { readonly alarm: AlarmName } | { readonly quiet: string };
export type Outcome = { readonly level: Level } & Consequence;

/** The message of the line that the receiver writes for each request. */
export const webhookLine = "webhook";

/** What becomes of a request, by the field `outcome` of its line. LINE sends again what gets a 5xx. */
export const webhookOutcomes = {
  received: { status: 200, level: "info", quiet: "its events are in the queue; LINE's test has none" },
  "not authentic": { status: 401, level: "warn", alarm: "unauthorized-requests" },
  malformed: { status: 400, level: "error", alarm: "unhandled-events" },
  "too large": { status: 413, level: "error", alarm: "unhandled-events" },
  "credentials unavailable": { status: 503, level: "error", alarm: "unavailable-credentials" },
  "queue unavailable": { status: 503, level: "error", alarm: "webhook-failures" },
} as const satisfies Record<string, Outcome & { status: number }>;

/** Lines of both functions about the channel's secret, each written when it begins to be true. */
export const credentialsLines = {
  "credentials cannot be read, those at hand serve": { level: "error", alarm: "unavailable-credentials" },
  "credentials can be read again": { level: "info", quiet: "it ends what raised the alarm" },
} as const satisfies Record<string, Outcome>;

/** Other lines of the receiver, by their message. */
export const receiverLines = {
  ...credentialsLines,
  "malformed events are not handled": { level: "error", alarm: "unhandled-events" },
  "events of another bot are not handled": { level: "error", alarm: "unhandled-events" },
  "events that are too old are not handled": { level: "error", alarm: "unhandled-events" },
  "events have overtaken another of their chat": { level: "warn", quiet: "all of them are in the queue" },
} as const satisfies Record<string, Outcome>;

/** The message of the line that the worker writes for each event that it is given. */
export const eventLine = "event";

/** What becomes of an event, by the field `outcome` of its line, and the metric that counts it. */
export const eventOutcomes = {
  handled: { metric: "EventHandled", level: "info", quiet: "the bot has done what it does" },
  ignored: { metric: "EventIgnored", level: "info", quiet: "the bot has no handler for it" },
  standby: { metric: "EventIgnored", level: "info", quiet: "another channel answers in this chat" },
  duplicate: { metric: "EventDuplicate", level: "info", quiet: "it was handled before" },
  unsent: { metric: "EventUnsent", level: "info", quiet: "its user took the message back" },
  "reply refused": { metric: "EventFailed", level: "error", alarm: "refused-answers" },
  /** The event was handled when its reply token's minute was over, so its reply was not sent. */
  "reply too late": { metric: "ReplyTooLate", level: "error", alarm: "refused-answers" },
  postponed: {
    metric: "EventPostponed",
    level: "warn",
    quiet: "it is worked on a little later; `late-events` watches",
  },
  /** Three times, and it is a dead letter. */
  failed: { metric: "EventFailed", level: "error", alarm: "dead-letters" },
} as const satisfies Record<string, Outcome & { metric: string }>;

/** Other lines of the worker, by their message. */
export const workerLines = {
  ...credentialsLines,
  "token unavailable": { level: "error", alarm: "unavailable-token" },
  "reply refused": { level: "error", alarm: "refused-answers" },
  "push refused": { level: "error", alarm: "refused-answers" },
  "reply refused, pushed instead": { level: "warn", quiet: "the answer is pushed" },
  "reply too late, pushed instead": { level: "warn", quiet: "the answer is pushed" },
  "reply given before": { level: "warn", quiet: "the user has the answer" },
  "push accepted before": { level: "info", quiet: "the user has the answer" },
  "answer not noted": { level: "warn", quiet: "the user has the answer" },
  "event not noted as done": { level: "warn", quiet: "the event is done" },
  "messages not given back": { level: "warn", quiet: "the queue gives them again later; `late-events` watches" },
  "profile not available": { level: "warn", quiet: "the bot answers without it" },
  "loading indicator not shown": { level: "warn", quiet: "the answer comes all the same" },
} as const satisfies Record<string, Outcome>;

/** Counted beside the outcomes: each reply that LINE refused. */
export const replyRefusedMetric = "ReplyRefused";

/** Outcomes that the functions have no line for: what API Gateway, Lambda and SQS say of them. */
export const platformOutcomes = {
  "the receiver crashed, or ran out of time: API Gateway answers 5xx": { level: "error", alarm: "webhook-failures" },
  "API Gateway refuses a request above the stage's limit: 429": { level: "error", alarm: "throttled-requests" },
  "Lambda has no concurrency left for the receiver: API Gateway answers 503": {
    level: "error",
    alarm: "throttled-receiver",
  },
  "an answer took nearly as long as LINE waits": { level: "warn", alarm: "slow-receiver" },
  "an event waits for longer than its reply token is good": { level: "warn", alarm: "late-events" },
  "the worker crashed, or ran out of time": { level: "error", alarm: "worker-errors" },
  "an event failed three times": { level: "error", alarm: "dead-letters" },
  "API Gateway refuses a body above 10 MB: 413": { level: "warn", quiet: "LINE sends none" },
  "API Gateway knows no such path or method: 404": {
    level: "warn",
    quiet: "the doctor finds a webhook URL that is not right",
  },
} as const satisfies Record<string, Outcome>;
