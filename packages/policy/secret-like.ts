/** How secrets look that could have come into a place by mistake, in the words of an advice. */
const looks: [kind: string, pattern: RegExp][] = [
  ["a channel secret", /(?<![0-9A-Za-z])[0-9a-f]{32}(?![0-9A-Za-z])/],
  ["a long-lived access token", /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{100,}={0,2}/],
  ["a JSON Web Token", /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+/],
  ["an AWS access key", /\b(AKIA|ASIA)[A-Z0-9]{16}\b/],
  ["a private key", /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
];

/** What kind of secret is in a text, by its look. */
export const findSecretLike = (text: string): string | undefined =>
  looks.find(([, pattern]) => pattern.test(text))?.[0];
