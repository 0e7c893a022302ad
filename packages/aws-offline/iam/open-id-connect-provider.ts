import { ServiceError } from "../errors.ts";
import { storedType } from "../store/stored.ts";

/** IAM keeps the URL without its scheme, and knows one provider for each. */
export const openIdConnectProvider = storedType({
  token: "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
  collection: "iam/open-id-connect-providers",
  make(inputs, cloud) {
    const host = withoutScheme(inputs["url"]);
    const arn = `arn:aws:iam::${cloud.accountId}:oidc-provider/${host}`;
    return { id: arn, attributes: { thumbprintLists: [], ...inputs, url: host, arn } };
  },
  remake: ({ news }) => ({ url: withoutScheme(news["url"]) }),
  same: (property, old, wanted) => property === "url" && withoutScheme(old) === withoutScheme(wanted),
  exists: ({ url }) =>
    new ServiceError("EntityAlreadyExists", `Provider with url https://${url as string} already exists.`, 409),
});

const withoutScheme = (url: unknown): string => String(url).replace(/^https:\/\//, "");
