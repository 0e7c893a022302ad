/** What this process itself was given to keep: it is shown nowhere. */
export function secretsOfEnvironment(env: NodeJS.ProcessEnv = process.env): string[] {
  return Object.entries(env).flatMap(([name, value]) => (value !== undefined && guarded.test(name) ? [value] : []));
}

const guarded = /SECRET|TOKEN|PASSWORD|PASSPHRASE|PRIVATE_KEY|CREDENTIAL|API_KEY/i;
