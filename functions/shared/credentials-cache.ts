import { setImmediate as immediate } from "node:timers/promises";
import type { ChannelCredentials } from "../../line/credentials.ts";
import { credentialsLines } from "@pulumi-line-bot/kit/outcomes";
import type { Log } from "./log.ts";

/** The channel's credentials cannot be had now, and may be had later. The message holds nothing secret. */
export class CredentialsUnavailable extends Error {
  override readonly name = "CredentialsUnavailable";
}

export interface CredentialsCache {
  /**
   * The credentials, not older than the age limit as long as they can be read; the last ones that could be read after
   * that, for as long as it takes. They have no end of their own: what LINE signs with them stays authentic, and a
   * signature that does not verify has them looked up. An end would turn a failure of Secrets Manager into one of the bot.
   * @throws {CredentialsUnavailable} when they were never read.
   */
  current(): Promise<ChannelCredentials>;
  /**
   * Credentials looked up because those at hand do not fit; undefined when they were looked up a moment ago, or
   * cannot be had now. So a reissued secret is known within seconds, and nobody can force a look for each request,
   * or a failure.
   */
  renewed(): Promise<ChannelCredentials | undefined>;
}

export interface CacheLimits {
  maxAgeMs: number;
  /** The time from one look to the next while there are credentials at hand, whether it succeeds or not. */
  minIntervalMs: number;
  /** The time from one look to the next while there are none: until then nobody asks again, and all get the failure. */
  pauseAfterFailureMs: number;
  /** For a look whose result a request can do without. */
  patienceMs: number;
}

const usualLimits: CacheLimits = {
  maxAgeMs: 5 * 60_000,
  minIntervalMs: 10_000,
  pauseAfterFailureMs: 1000,
  patienceMs: 200,
};

export interface CacheOptions {
  /** Hears when the credentials can no longer be read, and when they can be read again. */
  log: Log;
  limits?: CacheLimits;
  now?: () => number;
}

/** Starts the first look unasked. Should it fail, the first request tries again. */
export function createCredentialsCache(
  fetchCredentials: () => Promise<ChannelCredentials>,
  { log, limits = usualLimits, now = Date.now }: CacheOptions,
): CredentialsCache {
  let known: { credentials: ChannelCredentials; atMs: number } | undefined;
  /** The error of the last look, if it failed. */
  let failure: CredentialsUnavailable | undefined;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let underWay: Promise<ChannelCredentials> | undefined;

  const look = async (): Promise<ChannelCredentials> => {
    try {
      const credentials = await fetchCredentials();
      if (known !== undefined && failure !== undefined) tell("credentials can be read again");
      [known, failure] = [{ credentials, atMs: now() }, undefined];
      return credentials;
    } catch (error) {
      if (!(error instanceof CredentialsUnavailable)) throw error;
      if (known !== undefined && failure === undefined) tell("credentials cannot be read, those at hand serve", error);
      failure = error;
      throw error;
    } finally {
      lookedAtMs = now();
    }
  };

  const tell = (line: keyof typeof credentialsLines, error?: CredentialsUnavailable) =>
    log(credentialsLines[line].level, line, error && { reason: error.message });

  /** One look at a time, for all who wait for it. */
  const lookOnce = (): Promise<ChannelCredentials> =>
    (underWay ??= look().finally(() => {
      underWay = undefined;
    }));

  const passed = (ms: number) => now() - lookedAtMs >= ms;

  // After the modules are loaded: the first `fetch` of a process takes longer than all of them. A failure here is not
  // remembered as one: nobody asked yet.
  let prefetch: Promise<unknown> | undefined = immediate()
    .then(lookOnce)
    .catch(() => {
      [failure, lookedAtMs] = [undefined, Number.NEGATIVE_INFINITY];
    })
    .finally(() => {
      prefetch = undefined;
    });

  return {
    async current() {
      await prefetch;
      if (known === undefined) {
        if (failure !== undefined && !passed(limits.pauseAfterFailureMs)) throw failure;
        return lookOnce();
      }
      const { credentials, atMs } = known;
      if (now() - atMs < limits.maxAgeMs) return credentials;
      if (underWay !== undefined || passed(limits.minIntervalMs)) await waitFor(lookOnce(), limits.patienceMs);
      return known.credentials;
    },
    async renewed() {
      if (underWay === undefined && !passed(limits.minIntervalMs)) return undefined;
      try {
        return await lookOnce();
      } catch (error) {
        // Those at hand are still good for what they verify.
        if (error instanceof CredentialsUnavailable) return undefined;
        throw error;
      }
    },
  };
}

/**
 * Returns when the look is over, or the patience, after which it goes on beside the requests. It is begun with time to
 * succeed in: Lambda stops the process between two requests, and what waits for the next one has missed its deadline.
 */
async function waitFor(look: Promise<unknown>, patienceMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, patienceMs);
  // Whether it has failed is known from what is at hand then.
  void look.catch(() => undefined).finally(resolve);
  await promise;
  clearTimeout(timer);
}
