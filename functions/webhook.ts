import { lineApiUrl, parseLineApiUrl } from "../line/api-url.ts";
import bot from "./bot.ts";
import { createCredentialsCache } from "./credentials-cache.ts";
import { createHandler } from "./handler.ts";
import { fetchCredentials } from "./secret-store.ts";

const { env } = process;

const secretArn = env["CREDENTIALS_SECRET_ARN"];
if (!secretArn) throw new Error("CREDENTIALS_SECRET_ARN is not set: the function does not know its channel");

/** The function that Lambda calls. The credentials are on their way before the first request is. */
export const handler = createHandler({
  bot,
  credentials: createCredentialsCache(() => fetchCredentials(secretArn, env)),
  apiUrl: parseLineApiUrl(env["LINE_API_URL"] ?? lineApiUrl),
  botUserId: env["LINE_BOT_USER_ID"],
});
