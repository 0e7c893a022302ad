import { randomBytes } from "node:crypto";
import { type Caller, toOwner, toRoleSession } from "./identity.ts";

export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
  /** Goes with the key of a role's session. */
  sessionToken?: string;
}

/** An access key with what the endpoint knows of it. */
export interface IssuedKey extends AccessKey {
  caller: Caller;
  /** What signatures are made with, by the scope of the credential. */
  signingKeys: Map<string, Buffer>;
}

/** The access keys of an account, random and in memory alone: they are worth nothing after the process that made them. */
export class AccessKeys {
  /** The key of the account's owner, who may do everything. */
  readonly owner: AccessKey;
  readonly #accountId: string;
  readonly #issued = new Map<string, IssuedKey>();

  constructor(accountId: string) {
    this.#accountId = accountId;
    this.owner = this.#issue({ accessKeyId: `AKIA${toKeyName()}`, ...toSecret() }, toOwner(accountId));
  }

  /** A key for a session of a role, as AWS gives one to each execution environment of a function. */
  assume(roleArn: string, sessionName: string): Required<AccessKey> {
    const key = { accessKeyId: `ASIA${toKeyName()}`, ...toSecret(), sessionToken: randomBytes(96).toString("base64") };
    return this.#issue(key, toRoleSession(this.#accountId, roleArn, sessionName));
  }

  revoke({ accessKeyId }: AccessKey): void {
    this.#issued.delete(accessKeyId);
  }

  tryFind(accessKeyId: string): IssuedKey | undefined {
    return this.#issued.get(accessKeyId);
  }

  #issue<Key extends AccessKey>(key: Key, caller: Caller): Key {
    this.#issued.set(key.accessKeyId, { ...key, caller, signingKeys: new Map() });
    return key;
  }
}

const toSecret = () => ({ secretAccessKey: randomBytes(30).toString("base64") });

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Sixteen characters, as AWS's keys have them after `AKIA` or `ASIA`. */
const toKeyName = (): string => Array.from(randomBytes(16), (byte) => letters[byte % letters.length]).join("");

/** What needs no more of the account than this. */
export interface HasAccessKeys {
  readonly accessKeys: AccessKeys;
}
