import { setImmediate as immediate } from "node:timers/promises";
import type { ChannelCredentials } from "../line/credentials.ts";

/** The channel's credentials cannot be had now, and may be had later. The message holds nothing secret. */
export class CredentialsUnavailable extends Error {
  override readonly name = "CredentialsUnavailable";
}

export interface CredentialsCache {
  /**
   * The credentials, not older than the age limit.
   * @throws {CredentialsUnavailable}
   */
  current(): Promise<ChannelCredentials>;
  /**
   * Credentials fetched anew because those at hand do not fit; undefined when they were fetched a moment ago, or
   * cannot be had now. So a reissued secret is known within seconds, and nobody can force a fetch for each request,
   * or a failure.
   */
  renewed(): Promise<ChannelCredentials | undefined>;
}

export interface CacheLimits {
  maxAgeMs: number;
  /** Between two fetches because of credentials that do not fit, whether they succeed or not. */
  minIntervalMs: number;
  /** After a fetch that failed: until then nobody asks again, and all get the failure. */
  pauseAfterFailureMs: number;
}

const usualLimits: CacheLimits = { maxAgeMs: 5 * 60_000, minIntervalMs: 10_000, pauseAfterFailureMs: 1000 };

/** Starts the first fetch unasked. Should it fail, the first request tries again. */
export function createCredentialsCache(
  fetchCredentials: () => Promise<ChannelCredentials>,
  { limits = usualLimits, now = Date.now }: { limits?: CacheLimits; now?: () => number } = {},
): CredentialsCache {
  let known: { credentials: ChannelCredentials; atMs: number } | undefined;
  let failed: { error: CredentialsUnavailable; atMs: number } | undefined;
  let renewalAtMs = Number.NEGATIVE_INFINITY;
  let underWay: Promise<ChannelCredentials> | undefined;

  /** One fetch at a time, for all who wait for it. */
  const load = (): Promise<ChannelCredentials> =>
    (underWay ??= fetchCredentials()
      .then((credentials) => {
        known = { credentials, atMs: now() };
        failed = undefined;
        return credentials;
      })
      .finally(() => {
        underWay = undefined;
      }));

  const loadUnlessPausing = async (): Promise<ChannelCredentials> => {
    if (failed !== undefined && now() - failed.atMs < limits.pauseAfterFailureMs) throw failed.error;
    try {
      return await load();
    } catch (error) {
      if (error instanceof CredentialsUnavailable) failed = { error, atMs: now() };
      throw error;
    }
  };

  // After the modules are loaded: the first `fetch` of a process takes longer than all of them. A failure here is not
  // remembered as one: nobody asked yet.
  let prefetch: Promise<unknown> | undefined = immediate()
    .then(load)
    .catch(() => undefined)
    .finally(() => {
      prefetch = undefined;
    });

  return {
    async current() {
      await prefetch;
      if (known !== undefined && now() - known.atMs < limits.maxAgeMs) return known.credentials;
      return loadUnlessPausing();
    },
    async renewed() {
      const lastAtMs = Math.max(renewalAtMs, known?.atMs ?? renewalAtMs);
      if (underWay === undefined && now() - lastAtMs < limits.minIntervalMs) return undefined;
      renewalAtMs = now();
      try {
        return await loadUnlessPausing();
      } catch (error) {
        // Those at hand are still good for what they verify.
        if (error instanceof CredentialsUnavailable) return undefined;
        throw error;
      }
    },
  };
}
