/** Properties of a resource as the program sees them: plain values, without marks for secrets. */
export type Attributes = Record<string, unknown>;

export interface Change {
  /** What is there. */
  olds: Attributes;
  /** What is wanted, with defaults. */
  news: Attributes;
  /** The properties that differ. */
  changed: ReadonlySet<string>;
}

/** What the provider decides for one type beyond its record. */
export interface TypeRules {
  /** Rules over several properties, which are looked at when a diff is made: throws. */
  validate?(inputs: Attributes): void;
  /** Properties that force a replacement only under a condition. */
  replaces?(change: Change): string[];
  /** Values that mean the same although they differ. */
  same?: (property: string, old: unknown, wanted: unknown) => boolean;
  /** Outputs that a change makes unknown until it is applied. */
  recomputes?(change: Change): string[];
}
