import { readFile } from "node:fs/promises";
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { printableLines } from "@pulumi-line-bot/kit/printable";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { devChannel } from "./seed.ts";
import { startLineSimulator, type LineSimulator } from "./simulator.ts";

const usage = `Usage: npm run line -- [--port 8025] [--data <folder>] [--ca <file.pem>]... [--reset]

Runs the LINE simulator alone, for a bot in any language.
  --port    where it listens on localhost (default 8025; 0 takes a free one)
  --data    a folder that keeps channels, friends and messages between runs
  --ca      certificates (PEM) that webhook delivery trusts, besides the public authorities
  --reset   forgets what the folder kept`;

const options = {
  port: { type: "string", default: "8025" },
  data: { type: "string" },
  ca: { type: "string", multiple: true, default: [] },
  reset: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} satisfies ParseArgsOptionsConfig;

try {
  await run();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(printableLines(error.message));
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const { port, data, ca, reset, help } = parseOptions();
  if (help) return console.log(usage);
  const trustedCa = await Promise.all(ca.map(readCertificates));
  const line = await startLineSimulator({
    port: Number(port),
    trustedCa,
    ...(data !== undefined && { dataDir: data }),
  });
  if (reset) await line.reset();
  console.log(describe(line));
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void line.close());
  }
}

function parseOptions() {
  try {
    const { values } = parseArgs({ options });
    if (!/^\d{1,5}$/.test(values.port)) throw new TypeError(`--port ${values.port} is not a port number`);
    return values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UserError(`${error.message}\n\n${usage}`, { cause: error });
  }
}

async function readCertificates(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: Error) => {
    throw new UserError(`Cannot read the certificates in ${path}: ${cause.message}`, { cause });
  });
}

function describe({ url }: LineSimulator): string {
  return `LINE simulator
  page and API   ${url}
  a bot          channel id ${devChannel.channelId}, channel secret ${devChannel.channelSecret}
  its token      POST ${url}/oauth2/v3/token
  its webhook    PUT ${url}/v2/bot/channel/webhook/endpoint
Ctrl+C stops it.`;
}
