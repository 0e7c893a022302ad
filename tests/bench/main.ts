/** `npm run bench`: what the project promises about speed, measured in one run. `-- --json` for machines; `-- chaos`. */
import { parseCommandLine, runCommand } from "../../deploy/command-line.ts";
import { benchChaos } from "./chaos.ts";
import { measureEngine } from "./engine.ts";
import { measureHandler } from "./handler.ts";
import { measureStart } from "./start.ts";

const command = { usage: "npm run bench -- [--json]", options: { json: { type: "boolean" } }, words: 0 } as const;

const rows: [name: string, key: string, unit: string, most?: number][] = [
  ["npm alone", "npmMs", "ms"],
  ["npm start -- --once to the proof, first deployment", "firstProofMs", "ms", 4000],
  ["npm start -- --once to the proof, nothing changed", "nextProofMs", "ms", 4000],
  ["warm signed webhook through the HTTPS gateway, median", "webhookMs", "ms", 3],
  ["warm signed webhook through the HTTPS gateway, p99", "webhookP99Ms", "ms"],
  ["a webhook's event acknowledged, warm, p99", "acknowledgedP99Ms", "ms", 50],
  ["a webhook's event acknowledged, cold", "acknowledgedColdMs", "ms", 400],
  ["webhook bundle", "bundleBytes", "bytes", 60 * 1024],
  ["webhook bundle, load", "loadMs", "ms", 10],
  ["LINE's SDK as middleware, bundle", "sdkBundleBytes", "bytes"],
  ["LINE's SDK as middleware, load", "sdkLoadMs", "ms"],
  ["LINE's SDK as middleware, one request", "sdkMicroseconds", "µs"],
  ["whole receiver without the network, one request", "receiverMicroseconds", "µs", 600],
  ["whole receiver, heap after 90,000 requests more", "grownMegabytes", "MB", 1],
  ["receiving one request", "receiveMicroseconds", "µs"],
  ["bare HMAC and JSON.parse", "bareMicroseconds", "µs"],
  ["receiving ÷ bare", "receiveRatio", "×", 1.3],
  ["unchanged up of this program", "unchangedMs", "ms"],
  ["unchanged up ÷ the program alone", "unchangedRatio", "×", 1.3],
  ["unchanged up ÷ the Pulumi CLI's, where there is one", "unchangedCommandRatio", "×", 0.75],
  ["1,000 dynamic resources, the program alone", "thousandFloorMs", "ms"],
  ["1,000 dynamic resources, create", "thousandCreateMs", "ms", 10_000],
  ["1,000 dynamic resources, create ÷ the program alone", "thousandCreateRatio", "×", 1.7],
  ["1,000 dynamic resources, unchanged", "thousandUnchangedMs", "ms", 7000],
  ["1,000 dynamic resources, unchanged ÷ the program alone", "thousandUnchangedRatio", "×", 1.7],
  ["1,000 dynamic resources, destroy", "thousandDestroyMs", "ms", 6000],
  ["1,000 dynamic resources, the engine's process", "thousandMegabytes", "MB", 300],
];

async function main(): Promise<number> {
  const [what, ...args] = process.argv.slice(2);
  if (what === "chaos") return benchChaos(args);
  const { values } = parseCommandLine(command, process.argv.slice(2));
  const figures: Record<string, number> = {
    ...(await measureHandler()),
    ...(await measureStart()),
    ...(await measureEngine()),
  };
  if (values.json === true) {
    console.log(JSON.stringify(figures, null, 2));
    return 0;
  }
  for (const [name, key, unit, most] of rows) {
    const figure = figures[key];
    if (figure === undefined) continue;
    const value = figure.toFixed(unit === "bytes" ? 0 : 2);
    const target = most === undefined ? "" : `  (at most ${most})`;
    console.log(`${name.padEnd(56)} ${value.padStart(9)} ${unit}${target}`);
  }
  return 0;
}

await runCommand(main);
