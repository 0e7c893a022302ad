import { resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { openCertificate } from "./apigatewayv2/certificate.ts";
import { openGateways } from "./apigatewayv2/gateways.ts";
import type { Cloud } from "./cloud.ts";
import { evaluateAlarms, watchAlarms } from "./cloudwatch/alarms.ts";
import { openLogGroups } from "./cloudwatch/log-groups.ts";
import { measureLine } from "./cloudwatch/metric-filters.ts";
import { createMetrics } from "./cloudwatch/metrics.ts";
import { Tables } from "./dynamodb/tables.ts";
import { serveEndpoint } from "./endpoint/server.ts";
import { createFaults, type Faults } from "./faults.ts";
import { createEventSources } from "./lambda/event-source/pollers.ts";
import { createFunctions } from "./lambda/functions.ts";
import { resourceTypes } from "./resource-types.ts";
import { Secrets } from "./secretsmanager/secrets.ts";
import { Queues } from "./sqs/queues.ts";
import { AccessKeys, type AccessKey } from "./sts/access-keys.ts";
import { openStore } from "./store/store.ts";
import type { OnTrace } from "./trace.ts";

export type { AwsTrace } from "./trace.ts";
export { LocalAwsError } from "./errors.ts";

export interface LocalAwsOptions {
  /** Everything lives here, whole at any moment: a start after a kill continues. */
  dataDir: string;
  /** What relative paths of assets are relative to: the folder of the program's main file. The working directory. */
  assetRoot?: string;
  /** Port of the AWS services' endpoint; 0, the default, takes any. */
  endpointPort?: number;
  /** First port for HTTPS gateways. Each API gets a port of its own and keeps it; 0, the default, takes any. */
  gatewayPort?: number;
  onTrace?: OnTrace;
  /** Functions get nothing out of queues that were there before, until `releaseEvents`. */
  holdEvents?: boolean;
  /** How often gauges are asked and alarms looked at: 5 seconds. 0: only when `evaluateAlarms` is called. */
  alarmsEveryMs?: number;
  /** Where a provider's configuration names no region. */
  region?: string;
  /** Twelve digits; zeros by default. */
  accountId?: string;
}

export interface LocalAws {
  /** `pulumirpc.ResourceProvider` on 127.0.0.1, for `PULUMI_DEBUG_PROVIDERS=aws:<port>`. */
  providerPort: number;
  /** For `AWS_ENDPOINT_URL`. */
  endpointUrl: string;
  /** The key of the account's owner, with which the endpoint is called; good until `close`. */
  accessKey: AccessKey;
  /** PEM of the authority that signed the gateways' certificate. */
  certificateAuthority: string;
  /** Troubles of AWS, for tests. */
  faults: Faults;
  /**
   * Puts the alarms in the states that all periods before this time put them in: for anyone who will not wait. A minute
   * ahead, the one that is running counts, too.
   */
  evaluateAlarms(nowMs: number): void;
  /** Has functions work on what waits for them in queues. */
  releaseEvents(): void;
  /** Fetches no more events for functions; resolves when those that run are done with theirs, or will not be soon. */
  settle(): Promise<void>;
  /** Stops servers and workers; resolves when none is left. */
  close(): Promise<void>;
}

/** Longer than a batch takes that goes well, and short for a person who waits for the end. */
const settlingMs = 3_000;

/**
 * AWS on this machine, as far as a program can see it: the `aws` provider for Pulumi, and what makes its resources
 * work. Everything listens on loopback only. Throws a `LocalAwsError` for what its caller can fix.
 */
export async function startLocalAws(options: LocalAwsOptions): Promise<LocalAws> {
  const { dataDir, accountId = "000000000000", onTrace: trace = () => undefined } = options;
  const store = openStore(dataDir);
  const metrics = createMetrics();
  const logGroups = openLogGroups(`${dataDir}/logs`, (logGroup, { logStreamName: logStream, timestamp, message }) => {
    trace({ kind: "log", logGroup, logStream, timestamp, message });
    measureLine({ store, metrics }, logGroup, { timestamp, message });
  });
  const secrets = new Secrets(store);
  const accessKeys = new AccessKeys(accountId);
  // The endpoint's address is known only when it listens; no worker starts before.
  let endpointUrl = "";
  const functions = createFunctions({ store, accountId, accessKeys, trace, logGroups, metrics }, () => endpointUrl);
  const [certificate, { serveProvider }, { Provider }, { functions: providerFunctions }] = await Promise.all([
    openCertificate(dataDir),
    import("./provider/server.ts"),
    import("./provider/provider.ts"),
    import("./provider/functions.ts"),
  ]);
  const queues = new Queues({ store, trace, metrics });
  const parts = {
    accountId,
    accessKeys,
    assetRoot: resolve(options.assetRoot ?? "."),
    store,
    trace,
    logGroups,
    metrics,
    functions,
    secrets,
    queues,
    eventSources: createEventSources({ store, trace, queues, functions }),
    tables: new Tables({ store, trace }),
    faults: createFaults(functions),
  };
  const gateways = await openGateways(parts, { certificate, firstPort: options.gatewayPort ?? 0 });
  const cloud: Cloud = { ...parts, gateways };
  const endpoint = await serveEndpoint(cloud, options.endpointPort ?? 0);
  endpointUrl = endpoint.url;
  if (!options.holdEvents) cloud.eventSources.resume();
  const provider = await serveProvider(
    new Provider({ cloud, types: resourceTypes, functions: providerFunctions, region: options.region }),
  );
  const stopWatching = watchAlarms(cloud, options.alarmsEveryMs ?? 5_000);
  return {
    providerPort: provider.port,
    endpointUrl,
    accessKey: accessKeys.owner,
    certificateAuthority: certificate.authority,
    faults: cloud.faults,
    evaluateAlarms: (nowMs) => evaluateAlarms(cloud, nowMs),
    releaseEvents: () => cloud.eventSources.resume(),
    async settle() {
      cloud.eventSources.stop();
      await Promise.race([cloud.eventSources.ended(), wait(settlingMs, undefined, { ref: false })]);
    },
    async close() {
      stopWatching();
      cloud.eventSources.stop();
      await Promise.all([provider.close(), endpoint.close(), gateways.closeAll()]);
      await functions.close();
      await cloud.eventSources.ended();
      queues.close();
      await cloud.tables.close();
      logGroups.flush();
    },
  };
}
