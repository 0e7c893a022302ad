import { lineApiUrl, parseLineApiUrl } from "../line/api-url.ts";
import { createAccessTokens } from "./worker/access-tokens.ts";
import { createAwsCall } from "./shared/aws-call.ts";
import { requireVariable } from "./shared/aws/environment.ts";
import bot from "./bot.ts";
import { createCredentialsCache } from "./shared/credentials-cache.ts";
import { createLineClient } from "./worker/line-client.ts";
import { createMarks } from "./worker/marks.ts";
import { createOnce } from "./worker/once.ts";
import { fetchCredentials } from "./shared/secret-store.ts";
import { createRelease } from "./worker/visibility.ts";
import { createWorker } from "./worker/work-batch.ts";
import { createWorkerLog } from "./worker/log.ts";
import { createWorkerMetrics } from "./worker/metrics.ts";

const { env } = process;

const secretArn = requireVariable(env, "CREDENTIALS_SECRET_ARN");
const table = requireVariable(env, "EVENTS_TABLE");
const apiUrl = parseLineApiUrl(env["LINE_API_URL"] ?? lineApiUrl);
const callSecretsManager = createAwsCall("secretsmanager", env);
const logFor = createWorkerLog();
const credentials = createCredentialsCache(() => fetchCredentials(secretArn, callSecretsManager), {
  log: logFor("none"),
});
const tokens = createAccessTokens(credentials, { apiUrl });

/** The worker that Lambda calls with messages of the queue. */
export const handler = createWorker({
  bot,
  lineFor: (log) => createLineClient(tokens, apiUrl, log),
  once: createOnce(table, env),
  marks: createMarks(createAwsCall("dynamodb", env), table),
  release: createRelease(createAwsCall("sqs", env), requireVariable(env, "QUEUE_URL")),
  logFor,
  metrics: createWorkerMetrics(requireVariable(env, "AWS_LAMBDA_FUNCTION_NAME")),
  mostReceives: Number(requireVariable(env, "MAX_RECEIVES")),
});
