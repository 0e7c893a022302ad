/** Prints JSON as the CLI does. */
export function printJson(value: unknown, indent = 2): void {
  process.stdout.write(`${JSON.stringify(value, undefined, indent)}\n`);
}

export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Columns as wide as their widest cell; a last cell of several lines goes on below its first. */
export function printTable(header: string[], rows: string[][], prefix = ""): void {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const before = widths.slice(0, -1);
  const indent = " ".repeat(prefix.length + before.reduce((sum, width) => sum + width + 2, 0));
  for (const row of all) {
    const cells = before.map((width, column) => `${(row[column] ?? "").padEnd(width)}  `);
    printLine(`${prefix}${cells.join("")}${(row.at(-1) ?? "").replaceAll("\n", `\n${indent}`)}`);
  }
}

const units = [
  { name: "year", seconds: 365 * 86_400 },
  { name: "month", seconds: 30 * 86_400 },
  { name: "week", seconds: 7 * 86_400 },
  { name: "day", seconds: 86_400 },
  { name: "hour", seconds: 3_600 },
  { name: "minute", seconds: 60 },
  { name: "second", seconds: 1 },
];

/** `3 minutes ago` */
export function formatAge(since: Date, now = new Date()): string {
  const seconds = Math.floor((now.getTime() - since.getTime()) / 1000);
  const unit = units.find((unit) => seconds >= unit.seconds);
  if (!unit) return "now";
  const count = Math.floor(seconds / unit.seconds);
  return `${count} ${unit.name}${count === 1 ? "" : "s"} ago`;
}
