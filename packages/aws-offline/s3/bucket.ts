import type { Stored, HasStore } from "../store/store.ts";
import { partitionOf } from "@pulumi-line-bot/kit/partition";
import { ServiceError } from "../errors.ts";
import { uniqueSuffix } from "../naming.ts";
import { storedType } from "../store/stored.ts";

const collection = "s3/buckets";

/** The name is the id, and one for all of AWS. */
export const bucket = storedType({
  token: "aws:s3/bucket:Bucket",
  collection,
  make(inputs) {
    const prefix = inputs["bucketPrefix"] as string | undefined;
    const name = (inputs["bucket"] as string | undefined) ?? `${prefix}${uniqueSuffix()}`;
    const region = inputs["region"] as string;
    return {
      id: name,
      attributes: {
        ...inputs,
        bucket: name,
        arn: `arn:${partitionOf(region)}:s3:::${name}`,
        bucketDomainName: `${name}.s3.amazonaws.com`,
        bucketRegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
        bucketRegion: region,
      },
    };
  },
  exists: () =>
    new ServiceError(
      "BucketAlreadyOwnedByYou",
      "Your previous request to create the named bucket succeeded and you already own it.",
      409,
    ),
});

export function refuseMissingBucket({ store }: HasStore, name: string): void {
  if (!store.collection<Stored>(collection).get(name))
    throw new ServiceError("NoSuchBucket", "The specified bucket does not exist", 404);
}
