import { mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { type AwsTrace, type LocalAws, LocalAwsError, startLocalAws } from "@pulumi-line-bot/aws-offline/aws";
import { backendUrl, type RunningCloud, runFolder, tryClaim } from "./instance.ts";
import { type LineSimulator, startLineSimulator } from "@pulumi-line-bot/line-simulator/simulator";

export interface LocalCloudOptions {
  /** Where everything is kept: the cloud's data, and below `.pulumi` the stack's state. */
  dataDir: string;
  /** The program's folder: an engine's provider runs there, and finds assets relative to it. */
  programDir: string;
  /** The port of the LINE simulator and its page. Default: 4400. 0 takes a free one. */
  linePort?: number;
  /** The port of the first API's HTTPS gateway. Default: 4443. 0 takes a free one. */
  gatewayPort?: number;
  /** Called for each request, invocation and log line of a function. */
  onTrace?: (trace: AwsTrace) => void;
  /** Queued events wait for `aws.releaseEvents`: for anyone who deploys first, so that old code does not take them up. */
  holdEvents?: boolean;
  /** Clears the data folder first. */
  fresh?: boolean;
}

export interface LocalCloud {
  line: LineSimulator;
  aws: LocalAws;
  /** What an engine needs to deploy here: for the program, for dynamic providers and for itself. */
  env: RunningCloud["env"];
  attachedProviders: Record<string, number>;
  close(): Promise<void>;
}

const localPorts = { line: 4400, gateway: 4443 };

/** For the local backend and passphrase, whichever engine uses them. They guard nothing. */
function localBackend(dataDir: string) {
  return { PULUMI_BACKEND_URL: backendUrl(dataDir), PULUMI_CONFIG_PASSPHRASE: "local" };
}

/**
 * Starts the offline AWS and the LINE simulator, which trust each other's certificates, on loopback.
 * @throws {UserError} when another one runs with this data folder, a port is taken, or the folder cannot be written.
 */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const { dataDir, linePort = localPorts.line, gatewayPort = localPorts.gateway, onTrace } = options;
  const instance = await tryClaim(dataDir).catch(explainFolder(dataDir));
  if (instance === undefined) {
    throw new UserError(
      "The local cloud runs already. Deploy to it with `npm run up -- local`, or stop it (Ctrl+C where it runs) and start again.",
    );
  }
  await using started = new AsyncDisposableStack();
  started.defer(() => instance.close());
  await prepareFolder(dataDir, options.fresh ?? false);

  const aws = await startLocalAws({
    dataDir: path.join(dataDir, "aws"),
    gatewayPort,
    ...(onTrace === undefined ? {} : { onTrace }),
    assetRoot: options.programDir,
    holdEvents: true,
  }).catch((error: unknown) => {
    throw error instanceof LocalAwsError ? new UserError(error.message, { cause: error }) : error;
  });
  started.defer(() => aws.close());
  const line = await startLineSimulator({
    port: linePort,
    dataDir: path.join(dataDir, "line"),
    trustedCa: aws.certificateAuthority,
  }).catch((error: unknown) => {
    throw isPortTaken(error)
      ? new UserError(
          `Port ${linePort} is taken by another program. Stop that one, or choose another port with \`-- --port ${linePort + 100}\` at the end of the command.`,
        )
      : error;
  });
  started.defer(() => line.close());
  // Their answers need LINE.
  if (!options.holdEvents) aws.releaseEvents();
  // What a worker has begun it finishes while LINE still answers; cut off, it would hold up the next start.
  started.defer(() => aws.settle());

  const attachedProviders = { aws: aws.providerPort };
  const env = {
    ...localBackend(dataDir),
    PULUMI_DEBUG_PROVIDERS: `aws:${aws.providerPort}`,
    AWS_ENDPOINT_URL: aws.endpointUrl,
    AWS_ACCESS_KEY_ID: aws.accessKey.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.accessKey.secretAccessKey,
  };
  const { certificateAuthority } = aws;
  instance.announce({ pid: process.pid, attachedProviders, env, lineUrl: line.url, certificateAuthority });
  const parts = started.move();
  return { line, aws, env, attachedProviders, close: () => parts.disposeAsync() };
}

async function prepareFolder(dataDir: string, fresh: boolean): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const former = fresh ? await readdir(dataDir) : [];
    // Where it says that it runs, it does already.
    const data = former.filter((name) => name !== runFolder);
    await Promise.all(data.map((name) => rm(path.join(dataDir, name), { recursive: true, force: true })));
  } catch (error) {
    explainFolder(dataDir)(error);
  }
}

const explainFolder =
  (dataDir: string) =>
  (error: unknown): never => {
    if (!isSystemError(error)) throw error;
    throw new UserError(
      `${path.resolve(dataDir)} cannot be written (${error.code}): the local cloud keeps its data there. Make it yours, or clone to another folder.`,
    );
  };

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error;
}

/** A failure as the simulator says it, or as the system does. */
const isPortTaken = (error: unknown): boolean =>
  error instanceof Error && (("code" in error && error.code === "EADDRINUSE") || isPortTaken(error.cause));
