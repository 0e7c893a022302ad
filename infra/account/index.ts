/** The program of `npm run bootstrap`: the account of one stack, ready for deployments from GitHub. */
import { readAccountConfig } from "./config.ts";
import { createGithubProvider, createGithubRole } from "./github-role.ts";
import { createBoundary, deployPermissions, previewPermissions } from "./permissions.ts";
import { createSecretsKey } from "./secrets-key.ts";
import { createStateBucket, stateBucketName } from "./state-bucket.ts";

const config = readAccountConfig();
const { account, protect } = config;

if (!config.existing.includes("bucket")) createStateBucket(account, protect);
const key = createSecretsKey(config);
const provider = createGithubProvider(config);
const boundary = createBoundary(config);

const preview = createGithubRole("preview", { ...config, provider, permissions: previewPermissions(config, key.arn) });
const deploy = createGithubRole("deploy", {
  ...config,
  provider,
  permissions: deployPermissions(config, key.arn, boundary.arn),
});

const { region } = account;
export const backend = `s3://${stateBucketName(account)}?region=${region}&awssdk=v2`;
export const secretsProvider = `awskms://alias/${config.project}-${config.stack}?region=${region}&awssdk=v2`;
export const previewRole = preview.arn;
export const deployRole = deploy.arn;
export const permissionsBoundary = boundary.arn;
