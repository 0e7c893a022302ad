/** What may be there already: another stack's bootstrap made it, or another project. */
export const sharable = ["bucket", "oidc-provider"] as const;
