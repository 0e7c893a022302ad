import type { AlarmState } from "./cloudwatch/alarm-evaluation.ts";
import type { Notified } from "./sns/topics.ts";

/** What happens in the local AWS, for a page, a log or a test to read. It never holds a body or a secret. */
export type AwsTrace =
  | { kind: "request"; apiId: string; method: string; path: string; status: number; ms: number; requestId: string }
  | {
      kind: "invocation";
      functionName: string;
      version: string;
      requestId: string;
      start: "cold" | "warm";
      outcome: "succeeded" | "failed" | "timed-out" | "crashed";
      ms: number;
      /** The time of a cold start, from the start of the process until the handler was loaded. */
      initMs?: number;
    }
  /** Items whose time was over are gone. */
  | { kind: "expired"; table: string; items: number }
  /** Messages of a queue went to a function; those that failed come again. */
  | { kind: "batch"; queue: string; functionArn: string; messages: number; failed: number; ms: number }
  /** A batch waits, for its function runs as often as it may. */
  | { kind: "throttle"; queue: string; functionArn: string }
  /** A message was received too often. */
  | { kind: "dead-letter"; queue: string; deadLetterQueue: string; messageId: string }
  /** An alarm has changed its state, and has told topics. */
  | {
      kind: "alarm";
      name: string;
      from: AlarmState;
      to: AlarmState;
      reason: string;
      actions: { arn: string; outcome: Notified }[];
    }
  /** A message to a topic: how many queues got it, refused it, and how many addresses wait for their confirmation. */
  | {
      kind: "notification";
      topicArn: string;
      messageId: string;
      subject?: string;
      delivered: number;
      refused: number;
      unconfirmed: number;
    }
  | { kind: "log"; logGroup: string; logStream: string; timestamp: number; message: string };

export type OnTrace = (trace: AwsTrace) => void;

/** What needs no more of the account than this. */
export interface HasTrace {
  readonly trace: OnTrace;
}
