import type { LocalAws } from "../../aws.ts";

/** How a client of the AWS SDK reaches a local AWS as the account's owner. */
export const toOwnerConfig = ({ endpointUrl, accessKey }: Pick<LocalAws, "endpointUrl" | "accessKey">) => ({
  endpoint: endpointUrl,
  region: "ap-northeast-1",
  credentials: accessKey,
});
