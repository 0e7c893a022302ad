import type { Bot } from "../../infra/channel-webhook/channel.ts";
import { createPatience } from "../../infra/channel-webhook/patience.ts";
import { CredentialsRefused, proveCredentials } from "../../infra/channel-webhook/session.ts";
import type { ChannelCredentials } from "../../line/credentials.ts";
import { UserError } from "@pulumi-line-bot/kit/user-error";

/**
 * Whose credentials these are, by LINE's word. One attempt for each call: a person waits.
 * @throws {UserError} where LINE refuses any of them, or they are of two bots.
 */
export async function verifyCredentials(credentials: ChannelCredentials, apiUrl: URL): Promise<Bot> {
  try {
    return await proveCredentials(credentials, apiUrl, createPatience({ budgetMs: 0 }));
  } catch (error) {
    if (error instanceof CredentialsRefused)
      throw new UserError(`${error.message} Nothing was written.`, { cause: error });
    throw new UserError(`LINE (${apiUrl.origin}) could not be asked: ${describe(error)}. Nothing was written.`, {
      cause: error,
    });
  }
}

const describe = (error: unknown): string =>
  error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
