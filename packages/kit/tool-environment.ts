/**
 * What a program gets of this process's environment that needs no secret: git, esbuild, npm, a program that is only
 * evaluated. The environment of a deployment holds its stack's secrets in the clear (`PULUMI_CONFIG`), and what opens
 * AWS and the state.
 */
const allowed =
  /^(PATH|HOME|USER|SHELL|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|XDG_(CONFIG|CACHE)_HOME|NODE_COMPILE_CACHE|NODE_EXTRA_CA_CERTS|(HTTPS?|NO)_PROXY|npm_config_(cache|registry|cafile)|GIT_(DIR|WORK_TREE|CEILING_DIRECTORIES|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM)))$/i;

export function toolEnvironment(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && allowed.test(entry[0])),
  );
}
