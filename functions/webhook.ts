import { createAwsCall } from "./shared/aws-call.ts";
import { requireVariable } from "./shared/aws/environment.ts";
import { createCredentialsCache } from "./shared/credentials-cache.ts";
import { createEventQueue } from "./receiver/event-queue.ts";
import { createLog } from "./shared/log.ts";
import { createReceiver } from "./receiver/receiver.ts";
import { fetchCredentials } from "./shared/secret-store.ts";

const { env } = process;

const secretArn = requireVariable(env, "CREDENTIALS_SECRET_ARN");
const callSecretsManager = createAwsCall("secretsmanager", env);

/** The receiver that Lambda calls. The credentials are on their way before the first request is. */
export const handler = createReceiver({
  credentials: createCredentialsCache(() => fetchCredentials(secretArn, callSecretsManager), {
    log: createLog("none"),
  }),
  queue: createEventQueue(createAwsCall("sqs", env), requireVariable(env, "QUEUE_URL")),
  botUserId: env["LINE_BOT_USER_ID"],
});
