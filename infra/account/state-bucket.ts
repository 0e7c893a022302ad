import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Account } from "./config.ts";

/** Bucket names are one for all of AWS; this one can be told without asking. */
export const stateBucketName = ({ id, region }: Account) => `line-bot-state-${id}-${region}`;

/**
 * Holds the states of the account's stacks: versioned, private, encrypted, over TLS only. S3's own key encrypts it:
 * what is secret in a state is encrypted with the stack's key before it gets here.
 */
export function createStateBucket(account: Account, protect: boolean): aws.s3.Bucket {
  const name = "state";
  const bucket = new aws.s3.Bucket(name, { bucket: stateBucketName(account) }, { protect });
  const of = { bucket: bucket.id };
  const below = { parent: bucket };
  new aws.s3.BucketVersioning(name, { ...of, versioningConfiguration: { status: "Enabled" } }, below);
  new aws.s3.BucketServerSideEncryptionConfiguration(
    name,
    { ...of, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] },
    below,
  );
  // Without access control lists, only policies say who may read.
  new aws.s3.BucketOwnershipControls(name, { ...of, rule: { objectOwnership: "BucketOwnerEnforced" } }, below);
  const privacy = new aws.s3.BucketPublicAccessBlock(
    name,
    { ...of, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    below,
  );
  // S3 refuses two changes to a bucket's access at the same time.
  new aws.s3.BucketPolicy(name, { ...of, policy: onlyWithTls(bucket) }, { ...below, dependsOn: [privacy] });
  new aws.s3.BucketLifecycleConfiguration(
    name,
    {
      ...of,
      rules: [
        {
          id: "former-versions",
          status: "Enabled",
          filter: { prefix: "" },
          noncurrentVersionExpiration: { noncurrentDays: 90 },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
        },
      ],
    },
    below,
  );
  return bucket;
}

function onlyWithTls(bucket: aws.s3.Bucket): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "OnlyWithTls",
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [bucket.arn, pulumi.interpolate`${bucket.arn}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });
}
