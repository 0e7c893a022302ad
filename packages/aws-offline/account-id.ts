export interface HasAccountId {
  /** Twelve digits. */
  readonly accountId: string;
}
