/** What a program that is only evaluated gets of this process's environment: nothing that opens anything. */
const allowed =
  /^(PATH|HOME|USER|SHELL|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|NODE_COMPILE_CACHE|NODE_EXTRA_CA_CERTS|(HTTPS?|NO)_PROXY|npm_config_(cache|registry|cafile))$/i;

export function programEnvironment(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && allowed.test(entry[0])),
  );
}

/** What this process itself was given to keep: it is shown nowhere. */
export function secretsOfEnvironment(env: NodeJS.ProcessEnv = process.env): string[] {
  return Object.entries(env).flatMap(([name, value]) => (value !== undefined && guarded.test(name) ? [value] : []));
}

const guarded = /SECRET|TOKEN|PASSWORD|PASSPHRASE|PRIVATE_KEY|CREDENTIAL|API_KEY/i;
