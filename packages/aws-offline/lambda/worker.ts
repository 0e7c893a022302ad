import { fork, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { AccessKey } from "../sts/access-keys.ts";
import type { Version } from "./model.ts";

const RUNTIME = fileURLToPath(new URL("runtime.mjs", import.meta.url));
/** Lambda gives an init this long before it counts as failed. */
const INIT_LIMIT_MS = 10_000;

export interface LambdaErrorPayload {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

type Message =
  | { type: "ready" }
  | { type: "init-error" | "crash"; error: LambdaErrorPayload }
  | { type: "log"; message: string }
  | { type: "result"; requestId: string; result: string }
  | { type: "error"; requestId: string; error: LambdaErrorPayload };

/** How one invocation ended; after all but `result` and `error` the worker is gone. */
export type Outcome =
  | { type: "result"; result: string }
  | { type: "error" | "init-error" | "crash"; error: LambdaErrorPayload }
  | { type: "timeout" };

export interface Invocation {
  requestId: string;
  /** JSON text. */
  event: string;
  arn: string;
  traceId: string;
}

export interface WorkerSurroundings {
  version: Version;
  /** Folder with the handler's files. */
  task: string;
  endpointUrl: string;
  /** For a session of the version's role. */
  accessKey: Required<AccessKey>;
  log: (stream: string, message: string) => void;
  onExit: () => void;
}

/**
 * One execution environment: a process that loads one version's handler and runs one invocation at a time.
 *
 *     loading ──ready──▶ idle ◀──result──▶ busy
 *        └──────failure · timeout · stop──────┴──▶ gone
 */
export class LambdaWorker {
  readonly version: Version;
  readonly stream: string;
  /** Resolves when the process has ended. */
  readonly gone: Promise<void>;
  readonly #process: ChildProcess;
  readonly #startedAt = performance.now();
  #initMs: number | undefined;
  #isFresh = true;
  #settle: ((outcome: Outcome) => void) | undefined;
  #failure: Outcome | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ version, task, endpointUrl, accessKey, log, onExit }: WorkerSurroundings) {
    this.version = version;
    this.stream = toStreamName(version.version);
    this.#process = fork(RUNTIME, [], {
      cwd: task,
      env: { ...toEnvironment(version, task, this.stream), ...toAccess(endpointUrl, accessKey) },
      execArgv: [`--max-old-space-size=${Math.floor(version.memorySize * 0.9)}`],
      // The last pipe carries nothing: that it closes tells the worker that this process has ended.
      stdio: ["ignore", "pipe", "pipe", "ipc", "pipe"],
    });
    for (const output of [this.#process.stdout, this.#process.stderr])
      // What bypasses the console, such as the last words of the engine itself.
      createInterface(output as Readable).on("line", (line) => log(this.stream, line));
    this.#process.on("message", (message: Message) => {
      if (message.type === "log") log(this.stream, message.message);
      else this.#receive(message);
    });
    this.#process.on("error", (cause) => this.#end({ errorType: "Runtime.ExitError", errorMessage: String(cause) }));
    this.#process.on("exit", (code, signal) => {
      const how = signal ? `signal: ${toSignalText(signal)}` : `exit status ${code}`;
      this.#end({ errorType: "Runtime.ExitError", errorMessage: `Error: Runtime exited with error: ${how}` });
      onExit();
    });
    this.gone = new Promise((resolve) => this.#process.once("close", () => resolve()));
  }

  /** It has ended or is about to: not to be used again. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  get isBusy(): boolean {
    return this.#settle !== undefined;
  }

  get isCold(): boolean {
    return this.#isFresh;
  }

  /** Milliseconds until the handler was loaded; undefined before that. */
  get initMs(): number | undefined {
    return this.#initMs;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Runs one invocation; the time limit counts from when the handler is loaded. */
  async invoke(invocation: Invocation): Promise<Outcome> {
    this.#isFresh = false;
    if (this.#failure) return this.#failure;
    const outcome = new Promise<Outcome>((resolve) => {
      this.#settle = resolve;
    });
    this.#limit(this.#initMs === undefined ? INIT_LIMIT_MS : this.#timeoutMs);
    this.#process.send({ ...invocation, timeoutMs: this.#timeoutMs }, (error) => {
      if (error) this.#end({ errorType: "Runtime.ExitError", errorMessage: "Error: Runtime exited" });
    });
    try {
      return await outcome;
    } finally {
      clearTimeout(this.#timer);
      this.#settle = undefined;
    }
  }

  get #timeoutMs(): number {
    return this.version.timeout * 1000;
  }

  #limit(limitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#timeOut(), limitMs);
  }

  stop(): void {
    this.#process.kill("SIGKILL");
  }

  #receive(message: Exclude<Message, { type: "log" }>): void {
    switch (message.type) {
      case "ready":
        this.#initMs = performance.now() - this.#startedAt;
        if (this.#settle) this.#limit(this.#timeoutMs);
        break;
      case "init-error":
      case "crash":
        this.#failure = { type: message.type, error: message.error };
        this.#settle?.(this.#failure);
        this.stop();
        break;
      case "result":
      case "error":
        this.#settle?.(message);
    }
  }

  #timeOut(): void {
    this.#failure = { type: "timeout" };
    this.#settle?.(this.#failure);
    this.stop();
  }

  #end(error: LambdaErrorPayload): void {
    this.#failure ??= { type: "crash", error };
    this.#settle?.(this.#failure);
  }
}

/** Only what Lambda sets and what the function's own configuration says: nothing of this process leaks in. */
function toEnvironment(version: Version, task: string, stream: string): NodeJS.ProcessEnv {
  return {
    ...version.environment,
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
    PATH: "/usr/local/bin:/usr/bin:/bin",
    LAMBDA_TASK_ROOT: task,
    LAMBDA_RUNTIME_DIR: "/var/runtime",
    _HANDLER: version.handler,
    AWS_REGION: version.region,
    AWS_DEFAULT_REGION: version.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${version.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: version.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: version.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(version.memorySize),
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: version.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: stream,
    AWS_LAMBDA_LOG_FORMAT: version.logFormat,
    ...(version.logLevel && { AWS_LAMBDA_LOG_LEVEL: version.logLevel }),
  };
}

function toAccess(endpointUrl: string, { accessKeyId, secretAccessKey, sessionToken }: Required<AccessKey>) {
  return {
    AWS_ENDPOINT_URL: endpointUrl,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  };
}

/** `2026/01/31/[3]0123…`, as Lambda names the log stream of an execution environment. */
function toStreamName(version: string): string {
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "/");
  return `${day}/[${version}]${randomBytes(16).toString("hex")}`;
}

function toSignalText(signal: string): string {
  return (
    { SIGKILL: "killed", SIGABRT: "aborted", SIGSEGV: "segmentation fault", SIGTERM: "terminated" }[signal] ?? signal
  );
}
