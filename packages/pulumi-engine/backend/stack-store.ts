import { rm } from "node:fs/promises";
import { reserveRoom } from "@pulumi-line-bot/kit/files";
import type { Snapshot, Store } from "../contracts/contracts.ts";
import { DecryptionFailed, type SecretsManager, openSecretsManager } from "../secrets/passphrase.ts";
import { type StoredDeployment, refusal } from "./checkpoint.ts";
import { createCiphertexts } from "./ciphertexts.ts";
import type { FileBackend } from "./file-backend.ts";
import { findIntegrityFault } from "./integrity.ts";
import { createSnapshotWriter, fromDeployment } from "./snapshot-codec.ts";
import { type StackReference, stackPaths } from "./stack-reference.ts";

export interface StackStore extends Store {
  /** The operation is over. */
  close(): Promise<void>;
  /** What is stored, as it stands there: no secret is touched. */
  read(): Promise<StoredDeployment | undefined>;
  /** What `load` makes of what it reads. `name` is what an error calls it; the stack's own checkpoint if not said. */
  decode(deployment: StoredDeployment | undefined, name?: string): Promise<Snapshot>;
}

/**
 * A stack's checkpoint file as the store of one operation. What is loaded is written back under the stack's own
 * salt, and nothing is written before something was loaded: a state that is refused stays as it is.
 */
export function createStackStore(options: {
  backend: FileBackend;
  stack: StackReference;
  secrets: SecretsManager;
  env: Record<string, string | undefined>;
}): StackStore {
  const { backend, stack, secrets, env } = options;
  const path = stackPaths(backend.root, stack).checkpoint;
  const ciphertexts = createCiphertexts(secrets);
  const write = createSnapshotWriter(stack, ciphertexts);
  let keptPrevious = false;
  const room = createReserve(stackPaths(backend.root, stack).reserve);

  const read = async () => (await backend.readDeployment(stack)).deployment;

  async function decode(deployment: StoredDeployment | undefined, name = path): Promise<Snapshot> {
    if (deployment) refuseUnusable(deployment, stack, name);
    const salt = deployment?.secrets_providers?.state?.salt ?? secrets.salt;
    const own = salt === secrets.salt ? ciphertexts : createCiphertexts(openSecretsManager(salt, env));
    return decrypting(name, () => fromDeployment(deployment, own));
  }

  return {
    read,
    decode,
    load: async () => decode(await read()),
    prepare: () => room.hold(),
    async save(snapshot) {
      const bytes = await write(snapshot);
      if (!keptPrevious) await backend.keepPrevious(stack);
      keptPrevious = true;
      try {
        await backend.writeCheckpoint(stack, bytes);
      } catch (error) {
        // What has been done must not be forgotten for want of room: it was put aside for this.
        if (!(await room.giveUp())) throw error;
        await backend.writeCheckpoint(stack, bytes);
      }
      room.grow(bytes.byteLength);
    },
    close: () => room.release(),
  };
}

/** Room for a checkpoint that grows with each step, and for its copy while the one takes the other's place. */
const leastRoom = 1024 * 1024;

function createReserve(path: string) {
  let wanted = leastRoom;
  let held: Promise<void> | undefined;
  return {
    /** @throws {UserError} where the disk has no room for it: nothing is to be begun then. */
    hold: () =>
      (held ??= reserveRoom(path, wanted)).catch((error: unknown) => {
        held = undefined;
        throw error;
      }),
    /** Makes room on a full disk; false: there is nothing to give up. */
    async giveUp(): Promise<boolean> {
      if (held === undefined) return false;
      held = undefined;
      await rm(path, { force: true });
      return true;
    },
    /** What a checkpoint of this size needs from now on. */
    grow(bytes: number): void {
      if (4 * bytes <= wanted) return;
      wanted = 8 * bytes;
      held = undefined;
    },
    release: () => rm(path, { force: true }),
  };
}

/** @throws {UserError} that says why this state is not worked with. */
function refuseUnusable(deployment: StoredDeployment, stack: StackReference, path: string): void {
  const provider = deployment.secrets_providers?.type;
  if (provider !== undefined && provider !== "passphrase") {
    throw refusal(
      path,
      `keeps its secrets with ${provider}, and the embedded engine knows only the passphrase; use the Pulumi CLI`,
    );
  }
  const root = deployment.resources?.find(({ type, parent }) => type === "pulumi:pulumi:Stack" && !parent);
  if (root && !root.urn.startsWith(`urn:pulumi:${stack.name}::${stack.project}::`)) {
    throw refusal(path, `belongs to another stack: its root is ${root.urn}`);
  }
  const fault = findIntegrityFault(deployment);
  if (fault) throw refusal(path, `is not valid: ${fault}`);
}

async function decrypting<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof DecryptionFailed)) throw cause;
    throw Object.assign(refusal(path, "has a secret that was not encrypted with this stack's passphrase"), { cause });
  }
}
