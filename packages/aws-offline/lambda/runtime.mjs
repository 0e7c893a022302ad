// @ts-check
/**
 * Runs in a worker process: loads one handler and answers invocations, one at a time, as Lambda's Node.js runtime
 * does. Plain JavaScript, because stripping types would be paid again at every cold start.
 */
import { existsSync } from "node:fs";
import { Socket } from "node:net";
import { registerHooks } from "node:module";
import { join, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { format } from "node:util";
import { isMainThread, Worker } from "node:worker_threads";

/** @typedef {{ requestId: string, event: string, timeoutMs: number, arn: string, traceId: string }} Invocation */

/** The parent's life, as a file descriptor whose other end it holds. */
const LIFELINE = 4;

if (isMainThread) runMain();
else watchParent();

/** In a thread, so that also a handler that never yields ends with the parent: whatever kills it closes the pipe. */
function watchParent() {
  new Socket({ fd: LIFELINE }).on("close", () => process.kill(process.pid, "SIGKILL")).resume();
}

function runMain() {
  const watcher = new Worker(new URL(import.meta.url), { env: {}, stdout: false, stderr: false });
  watcher.unref();
  /** @type {string | undefined} */
  let requestId;
  captureOutput(() => requestId);
  keepInsideTask();

  const loading = loadHandler().then(
    (handler) => (send({ type: "ready" }), handler),
    (error) => (send({ type: "init-error", error: toLambdaError(error) }), undefined),
  );
  process.on("message", (/** @type {Invocation} */ invocation) => void run(invocation));
  process.on("uncaughtException", (error) => crash("Runtime.UncaughtException", error));
  process.on("unhandledRejection", (reason) => crash("Runtime.UnhandledPromiseRejection", reason));

  /** @param {Invocation} invocation */
  async function run(invocation) {
    const handler = await loading;
    if (!handler) return;
    requestId = invocation.requestId;
    process.env["_X_AMZN_TRACE_ID"] = invocation.traceId;
    try {
      const result = await handler(JSON.parse(invocation.event), toContext(invocation));
      send({ type: "result", requestId, result: toJson(result) });
    } catch (error) {
      send({ type: "error", requestId, error: toLambdaError(error) });
    }
  }

  /** @param {string} errorType @param {unknown} cause */
  function crash(errorType, cause) {
    const { errorMessage, trace } = toLambdaError(cause);
    const message = cause instanceof Error ? String(cause) : errorMessage;
    process.send?.({ type: "crash", error: { errorType, errorMessage: message, trace } }, () => process.exit(129));
  }
}

/** @param {object} message */
function send(message) {
  process.send?.(message);
}

/** @param {unknown} result */
function toJson(result) {
  return JSON.stringify(result === undefined ? null : result);
}

async function loadHandler() {
  const [, path = "", names = ""] = /^(.*?[^./]*)\.([^/]*)$/.exec(process.env["_HANDLER"] ?? "") ?? [];
  const base = join(process.env["LAMBDA_TASK_ROOT"] ?? "", path);
  const file = ["", ".js", ".mjs", ".cjs"].map((extension) => base + extension).find((name) => existsSync(name));
  if (!file) throw named("Runtime.ImportModuleError", `Error: Cannot find module '${path.split("/").at(-1)}'`);
  /** @type {any} */
  let value;
  try {
    value = await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof SyntaxError) throw named("Runtime.UserCodeSyntaxError", String(error), error);
    if (isMissingModule(error)) throw named("Runtime.ImportModuleError", String(error), error);
    throw error;
  }
  for (const name of names.split(".")) value = value?.[name] ?? value?.default?.[name];
  if (value === undefined)
    throw named("Runtime.HandlerNotFound", `${process.env["_HANDLER"]} is undefined or not exported`);
  if (typeof value !== "function")
    throw named("Runtime.HandlerNotFound", `${process.env["_HANDLER"]} is not a function`);
  if (value.length >= 3)
    throw named(
      "Runtime.CallbackHandlerDeprecated",
      "Callback-based function handlers are not supported by this runtime: make the handler async",
    );
  return value;
}

/** @param {unknown} error */
function isMissingModule(error) {
  return error instanceof Error && "code" in error && /MODULE_NOT_FOUND/.test(String(error.code));
}

/** @param {string} name @param {string} message @param {Error} [cause] */
function named(name, message, cause) {
  return Object.assign(new Error(message, { cause }), { name });
}

/** In Lambda nothing lies around the task: a package that was not bundled is missing there, so it is missing here. */
function keepInsideTask() {
  const task = process.env["LAMBDA_TASK_ROOT"] + sep;
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      const fromTask = context.parentURL?.startsWith("file:") && fileURLToPath(context.parentURL).startsWith(task);
      if (!fromTask || !found.url.startsWith("file:") || fileURLToPath(found.url).startsWith(task)) return found;
      // Lambda's runtime brings the AWS SDK with it.
      if (specifier.startsWith("@aws-sdk/") || specifier.startsWith("@smithy/")) return found;
      const error = new Error(`Cannot find package '${specifier}' imported from ${context.parentURL}`);
      throw Object.assign(error, { code: "ERR_MODULE_NOT_FOUND" });
    },
  });
}

/** Log lines travel with the invocation's messages, so that their order holds. @param {() => string | undefined} requestId */
function captureOutput(requestId) {
  const json = process.env["AWS_LAMBDA_LOG_FORMAT"] === "JSON";
  const levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
  const threshold = levels.indexOf(process.env["AWS_LAMBDA_LOG_LEVEL"] || "TRACE");
  for (const [method, level] of Object.entries({
    trace: "TRACE",
    debug: "DEBUG",
    log: "INFO",
    info: "INFO",
    warn: "WARN",
    error: "ERROR",
  }))
    /** @type {any} */ (console)[method] = (/** @type {unknown[]} */ ...parts) => {
      if (levels.indexOf(level) < threshold) return;
      const timestamp = new Date().toISOString();
      const message = json
        ? toJsonLine(timestamp, level, requestId(), parts)
        : `${timestamp}\t${requestId() ?? "undefined"}\t${level}\t${format(...parts)}`;
      send({ type: "log", message });
    };
  for (const stream of [process.stdout, process.stderr])
    stream.write = (/** @type {string | Uint8Array} */ chunk, /** @type {unknown[]} */ ...rest) => {
      const message = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
      send({ type: "log", message: message.replace(/\n$/, "") });
      const done = rest.find((part) => typeof part === "function");
      if (typeof done === "function") queueMicrotask(() => done());
      return true;
    };
}

/** @param {string} timestamp @param {string} level @param {string | undefined} requestId @param {unknown[]} parts */
function toJsonLine(timestamp, level, requestId, parts) {
  const [only] = parts;
  const isPlain = parts.length === 1 && typeof only === "object" && only !== null && !(only instanceof Error);
  const error = parts.find((part) => part instanceof Error);
  const details = error && {
    errorType: error.name,
    errorMessage: error.message,
    stackTrace: error.stack
      ?.split("\n")
      .slice(1)
      .map((line) => line.trim()),
  };
  return JSON.stringify({ timestamp, level, requestId, message: isPlain ? only : format(...parts), ...details });
}

/** @param {Invocation} invocation */
function toContext({ requestId, timeoutMs, arn }) {
  const deadline = Date.now() + timeoutMs;
  const { env } = process;
  return {
    awsRequestId: requestId,
    callbackWaitsForEmptyEventLoop: true,
    functionName: env["AWS_LAMBDA_FUNCTION_NAME"],
    functionVersion: env["AWS_LAMBDA_FUNCTION_VERSION"],
    invokedFunctionArn: arn,
    logGroupName: env["AWS_LAMBDA_LOG_GROUP_NAME"],
    logStreamName: env["AWS_LAMBDA_LOG_STREAM_NAME"],
    memoryLimitInMB: env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

/** @param {unknown} error */
function toLambdaError(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: error.stack?.split("\n") ?? [] };
}
