const ownHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/**
 * Whether a request to a service on loopback comes from a program of this machine or from the service's own page: not
 * from another site's page, also one on another port of localhost, and not by a name that was rebound to loopback.
 * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Origin programs send none
 */
export function isOwnRequest({
  host = "",
  origin,
}: {
  host?: string | undefined;
  origin?: string | undefined;
}): boolean {
  if (!ownHost.test(host)) return false;
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}
