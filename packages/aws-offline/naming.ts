let counter = 0;

/** What the provider appends to a name prefix: 18 digits of time and 8 of a counter. */
export function uniqueSuffix(): string {
  const time = new Date().toISOString().replaceAll(/\D/g, "").padEnd(18, "0");
  return `${time}${(++counter).toString(16).padStart(8, "0")}`;
}
