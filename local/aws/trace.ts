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
      /** Of a cold start: from the start of the process until the handler was loaded. */
      initMs?: number;
    }
  | { kind: "log"; logGroup: string; logStream: string; timestamp: number; message: string };

export type OnTrace = (trace: AwsTrace) => void;
