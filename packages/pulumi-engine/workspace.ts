import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { emptyDeployment } from "./backend/snapshot-codec.ts";
import { type FileBackend, openFileBackend } from "./backend/file-backend.ts";
import { type StackReference, parseStackReference } from "./backend/stack-reference.ts";
import { tryReadText } from "@pulumi-line-bot/kit/files";
import type { Project } from "./project/project-file.ts";
import { type StackFile, readStackFile, stackFilePath } from "./project/stack-file.ts";
import { type SecretsManager, createSecretsManager, openSecretsManager } from "./secrets/passphrase.ts";

export type Environment = Record<string, string | undefined>;

/** A stack with all that an operation on it needs. */
export interface StackWorkspace {
  project: Project;
  backend: FileBackend;
  stack: StackReference;
  file: StackFile;
  secrets: SecretsManager;
}

/** `PULUMI_BACKEND_URL`, the project's own, or the one that the Pulumi CLI is logged in to. */
export async function findBackend(
  project: Project | undefined,
  folder: string,
  env: Environment,
  url = env["PULUMI_BACKEND_URL"],
): Promise<FileBackend> {
  if (url) return openFileBackend(url, folder);
  if (project?.backendUrl) return openFileBackend(project.backendUrl, project.folder);
  const credentials = await tryReadText(join(pulumiHome(env), "credentials.json"));
  const current = credentials === undefined ? undefined : (JSON.parse(credentials) as { current?: string }).current;
  if (current) return openFileBackend(current, folder);
  throw new UserError("no backend is set: set PULUMI_BACKEND_URL to file://<folder>, where the state is to be kept");
}

/** Where the CLI keeps what belongs to its user. */
export function pulumiHome(env: Environment): string {
  return env["PULUMI_HOME"] ?? join(env["HOME"] ?? homedir(), ".pulumi");
}

/** @throws {UserError} when there is no such stack and `create` does not say to make it. */
export async function openStack(options: {
  project: Project;
  backend: FileBackend;
  stack: string;
  env: Environment;
  configFile?: string | undefined;
  create?: boolean | undefined;
}): Promise<StackWorkspace> {
  const { project, backend, env, configFile } = options;
  const stack = parseStackReference(options.stack, project.name);
  const path = configFile === undefined ? await stackFilePath(project, stack.name) : resolve(configFile);
  const file = await readStackFile(path, project.name);
  if (!(await backend.exists(stack))) {
    if (!options.create) throw new UserError(noSuchStack(stack.name));
    return { project, backend, stack, file, secrets: await createStack(backend, stack, file, env) };
  }
  return { project, backend, stack, file, secrets: await findSecrets(backend, stack, file, env) };
}

export function noSuchStack(name: string): string {
  return `no stack named '${name}' found: \`pulumi stack init ${name}\` makes one, \`pulumi stack ls\` shows those that there are`;
}

/** Makes the stack, and its salt where its file has none. */
export async function createStack(
  backend: FileBackend,
  stack: StackReference,
  file: StackFile,
  env: Environment,
): Promise<SecretsManager> {
  const salt = file.encryptionSalt();
  const secrets = salt === undefined ? await createSecretsManager(env) : openSecretsManager(salt, env);
  // A wrong passphrase shows now rather than at the first secret.
  await secrets.unlock();
  const lock = await backend.lock(stack);
  try {
    await backend.createStack(stack, emptyDeployment(secrets.salt));
    await keepSalt(file, secrets);
  } finally {
    await lock.release();
  }
  return secrets;
}

/** The stack file's salt; where somebody lost it, the one that the state was written with. Nothing is written. */
async function findSecrets(
  backend: FileBackend,
  stack: StackReference,
  file: StackFile,
  env: Environment,
): Promise<SecretsManager> {
  const salt = file.encryptionSalt();
  if (salt !== undefined) return openSecretsManager(salt, env);
  const stored = (await backend.readDeployment(stack)).deployment?.secrets_providers?.state?.salt;
  return stored === undefined ? createSecretsManager(env) : openSecretsManager(stored, env);
}

/** Puts the salt that the state is written with into the stack's file. */
export async function keepSalt(file: StackFile, { salt }: SecretsManager): Promise<void> {
  if (file.encryptionSalt() === salt) return;
  file.setEncryptionSalt(salt);
  await file.save();
}
