import { issueAccessToken, type AccessToken } from "../line/tokens.ts";
import type { CredentialsCache } from "./credentials-cache.ts";
import { describeError, type Log } from "./log.ts";

export interface AccessTokens {
  /** A token that LINE takes for at least another minute. */
  current(): Promise<string>;
  /** Another token than the one that LINE refused; undefined when there is none. */
  renewed(refused: string): Promise<string | undefined>;
}

const marginMs = 60_000;

export function createAccessTokens(
  credentials: CredentialsCache,
  { apiUrl, log, now = Date.now }: { apiUrl: URL; log: Log; now?: () => number },
): AccessTokens {
  let token: AccessToken | undefined;
  let underWay: Promise<AccessToken> | undefined;

  const issue = async (): Promise<AccessToken> => {
    try {
      return await issueAccessToken(await credentials.current(), { apiUrl, now });
    } catch (error) {
      // Said here, whatever a handler makes of it: without a token there is no answer to anyone.
      log("error", "token unavailable", describeError(error));
      throw error;
    }
  };

  /** Events of one webhook run side by side and share one token. */
  const issueOnce = async (): Promise<string> => {
    underWay ??= issue().finally(() => {
      underWay = undefined;
    });
    token = await underWay;
    return token.accessToken;
  };

  return {
    async current() {
      return token !== undefined && now() < token.expiresAtMs - marginMs ? token.accessToken : issueOnce();
    },
    async renewed(refused) {
      // Another event may have renewed it meanwhile.
      if (token !== undefined && token.accessToken !== refused) return token.accessToken;
      // A long-lived token is renewed in the secret, and a channel secret reissued there ends tokens as well.
      await credentials.renewed();
      const renewed = await issueOnce();
      return renewed === refused ? undefined : renewed;
    },
  };
}
