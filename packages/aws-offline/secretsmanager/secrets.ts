import { randomUUID } from "node:crypto";
import { ServiceError } from "../errors.ts";
import { canonicalJson } from "@pulumi-line-bot/kit/json";
import type { Collection, Store } from "../store/store.ts";

export interface SecretValue {
  secretString?: string;
  /** Base64. */
  secretBinary?: string;
}

interface Version {
  versionId: string;
  value: SecretValue;
  stages: string[];
  /** Milliseconds since 1970. */
  createdAt: number;
}

export interface SecretRecord {
  arn: string;
  name: string;
  description?: string;
  kmsKeyId?: string;
  policy?: string;
  tags: Record<string, string>;
  recoveryWindowInDays: number;
  /** Set: gone for readers, and its name is kept until then. */
  deletionAt?: number;
  createdAt: number;
  changedAt: number;
  versions: Version[];
}

const CURRENT = "AWSCURRENT";
const PREVIOUS = "AWSPREVIOUS";
const VALUE_LIMIT = 65_536;

/** What Secrets Manager holds. A secret is found by its ARN, by its name, or by an ARN without the random end. */
export class Secrets {
  readonly #records: Collection<SecretRecord>;
  readonly #now: () => number;

  constructor(store: Store, now: () => number = Date.now) {
    this.#records = store.collection<SecretRecord>("secretsmanager/secrets", "sealed");
    this.#now = now;
  }

  tryFind(id: string): SecretRecord | undefined {
    const name = /:secret:(.+)$/.exec(id)?.[1] ?? id;
    const found =
      this.#records.get(name) ??
      this.#records.values().find(({ arn }) => arn === id || arn.endsWith(`:secret:${name}`));
    if (found?.deletionAt !== undefined && found.deletionAt <= this.#now()) {
      this.#records.delete(found.name);
      return undefined;
    }
    return found;
  }

  /** Throws for a secret that is not there or about to go. */
  find(id: string): SecretRecord {
    const secret = this.tryFind(id);
    if (!secret)
      throw new ServiceError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    return secret;
  }

  put(secret: SecretRecord): void {
    this.#records.put(secret.name, { ...secret, changedAt: this.#now() });
  }

  create(secret: Omit<SecretRecord, "createdAt" | "changedAt" | "versions">): void {
    const taken = this.tryFind(secret.name);
    if (taken?.deletionAt !== undefined)
      throw new ServiceError(
        "InvalidRequestException",
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
      );
    if (taken)
      throw new ServiceError(
        "ResourceExistsException",
        `The operation failed because the secret ${secret.name} already exists.`,
      );
    const now = this.#now();
    this.#records.put(secret.name, { ...secret, versions: [], createdAt: now, changedAt: now });
  }

  /** At once where the window is 0 days; otherwise the name stays taken for the window. */
  delete(id: string, windowDays: number): void {
    const secret = this.tryFind(id);
    if (!secret) return;
    if (windowDays === 0) this.#records.delete(secret.name);
    else this.put({ ...secret, deletionAt: this.#now() + windowDays * 24 * 3_600_000 });
  }

  /** A new version takes its labels from the others; the one that loses AWSCURRENT becomes AWSPREVIOUS. */
  putValue(id: string, value: SecretValue, given: { versionId?: string; stages?: string[] } = {}): Version {
    const secret = this.#findLive(id);
    const { versionId = randomUUID(), stages = [CURRENT] } = given;
    const size = Buffer.byteLength(value.secretString ?? value.secretBinary ?? "");
    if (size > VALUE_LIMIT)
      throw new ServiceError(
        "ValidationException",
        `Failed to satisfy constraint: Member must have length less than or equal to ${VALUE_LIMIT}`,
      );
    const existing = secret.versions.find((version) => version.versionId === versionId);
    if (existing && canonicalJson(existing.value) !== canonicalJson(value))
      throw new ServiceError(
        "ResourceExistsException",
        "The operation failed because the version already exists with another value.",
      );
    const version = existing ?? {
      versionId,
      value,
      stages: [],
      createdAt: this.#now(),
    };
    // The first version of a secret is current whatever its labels.
    const labels = secret.versions.length === 0 ? [...new Set([...stages, CURRENT])] : stages;
    const versions = moveLabels([...secret.versions.filter((other) => other !== existing), version], versionId, labels);
    this.put({ ...secret, versions });
    return versions.find((other) => other.versionId === versionId) ?? version;
  }

  /** Sets the labels of a version; those that it loses vanish, but AWSCURRENT cannot be taken without a successor. */
  setStages(id: string, versionId: string, stages: string[]): void {
    const secret = this.find(id);
    const kept = secret.versions.map((version) =>
      version.versionId === versionId
        ? { ...version, stages: version.stages.filter((stage) => stages.includes(stage) || stage === CURRENT) }
        : version,
    );
    this.put({ ...secret, versions: moveLabels(kept, versionId, stages) });
  }

  /** Moves a label between two versions, or takes it off one. The label's present version has to be named. */
  moveStage(id: string, stage: string, { to, from }: { to?: string; from?: string }): void {
    const secret = this.#findLive(id);
    const has = (versionId: string | undefined) => secret.versions.some((version) => version.versionId === versionId);
    if ((to !== undefined && !has(to)) || (from !== undefined && !has(from)))
      throw new ServiceError("ResourceNotFoundException", "Secrets Manager can't find the specified secret version.");
    const present = this.tryFindVersion(id, { stage })?.versionId;
    if (present !== from && !(from === undefined && present === to))
      throw new ServiceError(
        "InvalidParameterException",
        `The parameter RemoveFromVersionId can't be empty or another version's. Staging label ${stage} is currently attached to version ${present}, so you must explicitly reference that version in RemoveFromVersionId.`,
      );
    if (to === undefined && stage === CURRENT)
      throw new ServiceError(
        "InvalidParameterException",
        "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
      );
    const without = secret.versions.map((version) =>
      version.versionId === from && to === undefined
        ? { ...version, stages: version.stages.filter((each) => each !== stage) }
        : version,
    );
    this.put({ ...secret, versions: to === undefined ? without : moveLabels(without, to, [stage]) });
  }

  tryFindVersion(id: string, by: { versionId?: string; stage?: string }): Version | undefined {
    return this.tryFind(id)?.versions.find(
      (version) =>
        (by.versionId === undefined || version.versionId === by.versionId) &&
        (by.stage === undefined || version.stages.includes(by.stage)),
    );
  }

  getValue(
    id: string,
    by: { versionId?: string; stage?: string },
  ): SecretValue & { secret: SecretRecord; version: Version } {
    const secret = this.#findLive(id);
    const wanted = by.versionId === undefined && by.stage === undefined ? { stage: CURRENT } : by;
    const version = this.tryFindVersion(id, wanted);
    if (!version)
      throw new ServiceError(
        "ResourceNotFoundException",
        `Secrets Manager can't find the specified secret value for ${
          wanted.versionId === undefined ? `staging label: ${wanted.stage}` : `VersionId: ${wanted.versionId}`
        }`,
      );
    return { ...version.value, secret, version };
  }

  #findLive(id: string): SecretRecord {
    const secret = this.find(id);
    if (secret.deletionAt !== undefined)
      throw new ServiceError(
        "InvalidRequestException",
        "You can't perform this operation on the secret because it was marked for deletion.",
      );
    return secret;
  }
}

/** Labels are unique within a secret. */
function moveLabels(versions: Version[], to: string, labels: string[]): Version[] {
  const former = versions.find(({ versionId, stages }) => versionId !== to && stages.includes(CURRENT));
  const handsOver = former !== undefined && labels.includes(CURRENT);
  return versions.map((version) => {
    if (version.versionId === to) {
      const own = handsOver ? version.stages.filter((stage) => stage !== PREVIOUS) : version.stages;
      return { ...version, stages: [...new Set([...own, ...labels])] };
    }
    const left = version.stages.filter((stage) => !labels.includes(stage) && !(handsOver && stage === PREVIOUS));
    return { ...version, stages: version === former && handsOver ? [...left, PREVIOUS] : left };
  });
}

/** What needs no more of the account than this. */
export interface HasSecrets {
  readonly secrets: Secrets;
}
