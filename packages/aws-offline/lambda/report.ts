/** The lines that Lambda itself writes around an invocation, as text or as JSON. */
import type { Version } from "./model.ts";
import type { Outcome } from "./worker.ts";

interface Ended {
  requestId: string;
  outcome: Outcome;
  ms: number;
  initMs: number | undefined;
}

const STATUS = { result: "success", error: "error", "init-error": "error", crash: "failure", timeout: "timeout" };

export function startLine(version: Version, requestId: string): string {
  return version.logFormat === "JSON"
    ? platform("platform.start", { requestId, version: version.version })
    : `START RequestId: ${requestId} Version: ${version.version}`;
}

export function endLines(version: Version, ended: Ended): string[] {
  return version.logFormat === "JSON" ? [jsonReport(version, ended)] : textReport(version, ended);
}

function textReport(version: Version, { requestId, outcome, ms, initMs }: Ended): string[] {
  const figures = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${ms.toFixed(2)} ms`,
    `Billed Duration: ${Math.ceil(ms + (initMs ?? 0))} ms`,
    `Memory Size: ${version.memorySize} MB`,
    ...(initMs === undefined ? [] : [`Init Duration: ${initMs.toFixed(2)} ms`]),
    ...(outcome.type === "timeout" ? ["Status: timeout"] : []),
    ...(outcome.type === "crash" ? ["Status: error", `Error Type: ${outcome.error.errorType}`] : []),
  ];
  return [...failureLines(version, requestId, outcome), `END RequestId: ${requestId}`, figures.join("\t")];
}

function failureLines(version: Version, requestId: string, outcome: Outcome): string[] {
  const now = new Date().toISOString();
  if (outcome.type === "result") return [];
  if (outcome.type === "timeout")
    return [`${now} ${requestId} Task timed out after ${version.timeout.toFixed(2)} seconds`];
  const { errorType, errorMessage, trace = [] } = outcome.error;
  const details = JSON.stringify({ errorType, errorMessage, stack: trace });
  const title = { error: "Invoke Error", "init-error": "Uncaught Exception", crash: "Uncaught Exception" }[
    outcome.type
  ];
  return [`${now}\t${requestId}\tERROR\t${title} \t${details}`];
}

function jsonReport(version: Version, { requestId, outcome, ms, initMs }: Ended): string {
  return platform("platform.report", {
    requestId,
    status: STATUS[outcome.type],
    ...("error" in outcome && { errorType: outcome.error.errorType }),
    metrics: {
      durationMs: Number(ms.toFixed(3)),
      billedDurationMs: Math.ceil(ms + (initMs ?? 0)),
      memorySizeMB: version.memorySize,
      ...(initMs !== undefined && { initDurationMs: Number(initMs.toFixed(3)) }),
    },
  });
}

function platform(type: string, record: object): string {
  return JSON.stringify({ time: new Date().toISOString(), type, record });
}
