import { LogFormatter, LogItem, Logger } from "@aws-lambda-powertools/logger";
import type { LogAttributes, UnformattedAttributes } from "@aws-lambda-powertools/logger/types";
import { workerLines } from "@pulumi-line-bot/kit/outcomes";
import type { Fields, Log } from "../shared/log.ts";

/** Lines of the receiver's shape, so that one query reads both functions. */
class LineFormatter extends LogFormatter {
  override formatAttributes({ timestamp, logLevel, message }: UnformattedAttributes, fields: LogAttributes): LogItem {
    return new LogItem({ attributes: { timestamp: timestamp.toISOString(), level: logLevel, message, ...fields } });
  }
}

/** The worker's log, of which each event writes lines with its own correlation id. */
export function createWorkerLog(): (correlationId: string) => Log {
  const logger = new Logger({ logFormatter: new LineFormatter() });
  return (correlationId) => (level, message, fields) => logger[level](message, { correlationId, ...fields });
}

/** Writes one of the lines that the table of outcomes knows, at the level that it has there. */
export function tell(log: Log, line: keyof typeof workerLines, fields?: Fields): void {
  log(workerLines[line].level, line, fields);
}
