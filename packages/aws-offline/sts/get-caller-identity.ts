import type { QueryService } from "../endpoint/query-protocol.ts";

/** STS, as far as one asks it who one is: everybody may. */
export const sts: QueryService = {
  prefix: "sts",
  namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
  resourceOf: () => undefined,
  operations: {
    GetCallerIdentity: (_input, _cloud, { arn, userId, account }) => ({ Arn: arn, UserId: userId, Account: account }),
  },
};
