import type { Stored, Collection } from "./store.ts";
import type { Cloud, Resource, ResourceType } from "../cloud.ts";
import type { Attributes, Change } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";

/** A resource type whose objects are records in the store, which the data plane reads. */
export interface StoredType extends Pick<
  ResourceType,
  "fromImportId" | "validate" | "replaces" | "same" | "recomputes"
> {
  token: string;
  /** Name of the collection, such as `lambda/alias`. */
  collection: string;
  /** Where the record of an object with these attributes is kept; the id by default. */
  key?: (attributes: Attributes, id: string) => string;
  /** Makes the object: its id, and all that the service adds to the inputs. */
  make: (inputs: Attributes, cloud: Cloud) => Promise<Resource> | Resource;
  /** Adds what the service computes again in an update. */
  remake?: (change: Change, cloud: Cloud, id: string) => Promise<Attributes> | Attributes;
  /** After the record is there or has changed. */
  settled?: (attributes: Attributes, cloud: Cloud) => Promise<void> | void;
  /** Before the record goes; throwing keeps it. */
  removing?: (attributes: Attributes, cloud: Cloud, id: string) => Promise<void> | void;
  /** After the record is gone. */
  removed?: (cloud: Cloud, id: string) => Promise<void> | void;
  /** True where a delete only makes Pulumi forget the object. */
  outlives?: (attributes: Attributes) => boolean;
  /** Making an object whose key is taken puts it in the other's place, as where the service only knows a put. */
  overwrites?: true;
  /** What a second object under the same key is answered. */
  exists?: (attributes: Attributes) => ServiceError;
}

export function storedType(type: StoredType): ResourceType {
  const keyOf = (attributes: Attributes, id: string) => type.key?.(attributes, id) ?? id;
  const records = (cloud: Cloud): Collection<Stored> => cloud.store.collection<Stored>(type.collection);
  return {
    ...type,
    async create(inputs, cloud) {
      const made = await type.make(inputs, cloud);
      const key = keyOf(made.attributes, made.id);
      if (!type.overwrites && records(cloud).get(key))
        throw type.exists?.(made.attributes) ?? conflict(type.token, key);
      records(cloud).put(key, made);
      await type.settled?.(made.attributes, cloud);
      return made;
    },
    read: (id, known, cloud) => records(cloud).get(keyOf(known, id)),
    async update(id, change, cloud) {
      const attributes = { ...change.olds, ...change.news, ...(await type.remake?.(change, cloud, id)) };
      for (const name of change.changed) if (change.news[name] === undefined) delete attributes[name];
      records(cloud).put(keyOf(attributes, id), { id, attributes });
      await type.settled?.(attributes, cloud);
      return attributes;
    },
    async delete(id, known, cloud) {
      const stored = records(cloud).get(keyOf(known, id));
      if (!stored || type.outlives?.(stored.attributes)) return;
      await type.removing?.(stored.attributes, cloud, id);
      records(cloud).delete(keyOf(known, id));
      await type.removed?.(cloud, id);
    },
  };
}

function conflict(token: string, key: string): ServiceError {
  return new ServiceError("ConflictException", `${token} ${key} already exists`, 409);
}
