import { issueAccessToken, TokenRefused, type AccessToken } from "../../line/tokens.ts";
import type { CredentialsCache } from "../shared/credentials-cache.ts";
import { withOwnDeadline } from "./deadline.ts";
import { describeError, type Log } from "../shared/log.ts";
import { tell } from "./log.ts";

export interface AccessTokens {
  /** A token that LINE takes for at least another minute. */
  current(log: Log): Promise<string>;
  /** Another token than the one that LINE refused; undefined when there is none. */
  renewed(refused: string, log: Log): Promise<string | undefined>;
}

const marginMs = 60_000;
/** Others wait for the token too, so the deadline of who asked first does not count. */
const issueTimeoutMs = 3000;

export function createAccessTokens(
  credentials: CredentialsCache,
  { apiUrl, now = Date.now }: { apiUrl: URL; now?: () => number },
): AccessTokens {
  let token: AccessToken | undefined;
  let underWay: Promise<AccessToken> | undefined;

  /** Credentials that LINE refuses may be those from before a reissue. */
  const issueForPresent = async (): Promise<AccessToken> => {
    const known = await credentials.current();
    try {
      return await issueAccessToken(known, { apiUrl, now });
    } catch (error) {
      const isRefused = error instanceof TokenRefused && error.status < 500;
      const renewed = isRefused ? await credentials.renewed() : undefined;
      if (renewed === undefined || renewed.channelSecret === known.channelSecret) throw error;
      return issueAccessToken(renewed, { apiUrl, now });
    }
  };

  const issue = async (log: Log): Promise<AccessToken> => {
    try {
      return await withOwnDeadline(issueTimeoutMs, issueForPresent);
    } catch (error) {
      // Said here, whatever a handler makes of it: without a token there is no answer to anyone.
      tell(log, "token unavailable", describeError(error));
      throw error;
    }
  };

  /** Events of one webhook run side by side and share one token. */
  const issueOnce = async (log: Log): Promise<string> => {
    underWay ??= issue(log).finally(() => {
      underWay = undefined;
    });
    token = await underWay;
    return token.accessToken;
  };

  return {
    async current(log) {
      return token !== undefined && now() < token.expiresAtMs - marginMs ? token.accessToken : issueOnce(log);
    },
    async renewed(refused, log) {
      // Another event may have renewed it meanwhile.
      if (token !== undefined && token.accessToken !== refused) return token.accessToken;
      // A long-lived token is renewed in the secret, and a channel secret reissued there ends tokens as well.
      await credentials.renewed();
      const renewed = await issueOnce(log);
      if (renewed !== refused) return renewed;
      tell(log, "token unavailable", { reason: "LINE refuses the one there is" });
      return undefined;
    },
  };
}
