import type { ResourceType } from "../cloud.ts";
import { storedType } from "../store/stored.ts";
import { refuseMissingBucket } from "./bucket.ts";

/** What belongs to a bucket and has no name of its own: the provider gives it the bucket's name as id. */
const settings: Record<string, string> = {
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "lifecycle",
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "ownership-controls",
  "aws:s3/bucketPolicy:BucketPolicy": "policies",
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "public-access-blocks",
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "encryption",
  "aws:s3/bucketVersioning:BucketVersioning": "versioning",
};

export const bucketSettings: ResourceType[] = Object.entries(settings).map(([token, name]) =>
  storedType({
    token,
    collection: `s3/${name}`,
    make(inputs, cloud) {
      const bucket = inputs["bucket"] as string;
      refuseMissingBucket(cloud, bucket);
      return { id: bucket, attributes: inputs };
    },
  }),
);
