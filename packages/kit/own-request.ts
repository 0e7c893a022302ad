const ownHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/** What a request says of where it comes from; a browser says it, and no page can change it. */
interface Origins {
  host?: string | undefined;
  origin?: string | undefined;
  "sec-fetch-site"?: string | undefined;
  "sec-fetch-mode"?: string | undefined;
  "sec-fetch-dest"?: string | undefined;
}

/**
 * Whether a request to a service on loopback comes from a program of this machine or from the service's own page: not
 * from another site's page, also one on another port of localhost, and not by a name that was rebound to loopback.
 * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Origin programs send none
 */
export function isOwnRequest(headers: Origins): boolean {
  const { host = "", origin } = headers;
  if (!ownHost.test(host)) return false;
  if (!isFromOwnPage(headers) && !followsLink(headers)) return false;
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}

/**
 * Pages also ask without an Origin, for an image or a script. Another port of localhost is another origin of the same
 * site. @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
 */
const isFromOwnPage = ({ "sec-fetch-site": site }: Origins) =>
  site === undefined || site === "same-origin" || site === "none";

/** A person goes to the page from another one, which learns nothing by it. A form that is posted has an Origin. */
const followsLink = ({ "sec-fetch-mode": mode, "sec-fetch-dest": destination }: Origins) =>
  mode === "navigate" && destination === "document";
