/** Who calls, as far as the local account knows: one user who may do everything. */
export function toIdentity(accountId: string): { account: string; arn: string; userId: string } {
  return { account: accountId, arn: `arn:aws:iam::${accountId}:root`, userId: accountId };
}
