/** LINE's own host, for everything but message content. */
export const lineApiUrl = "https://api.line.me";

const loopbackHosts = new Set(["localhost", "127.0.0.1", "[::1]"]);

export function isLoopback(url: URL): boolean {
  return loopbackHosts.has(url.hostname);
}

/**
 * Accepts LINE's host and a simulator on loopback, and nothing else: tokens and secrets are sent there.
 * @throws {Error} saying what is accepted.
 */
export function parseLineApiUrl(value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const accepted = url !== undefined && (url.origin === lineApiUrl || (url.protocol === "http:" && isLoopback(url)));
  if (accepted && url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "") return url;
  throw new Error(
    `${JSON.stringify(value)} is not LINE's API: it has to be ${lineApiUrl}, or http:// on localhost for the simulator`,
  );
}

/** Where message content is fetched from: a host of its own at LINE, the same one at the simulator. */
export function lineDataApiUrl(apiUrl: URL): URL {
  return apiUrl.origin === lineApiUrl ? new URL("https://api-data.line.me") : apiUrl;
}
