import { resolve } from "node:path";
import { openCertificate } from "./apigatewayv2/certificate.ts";
import { openGateways } from "./apigatewayv2/gateways.ts";
import type { Cloud } from "./cloud.ts";
import { openLogGroups } from "./cloudwatch/log-groups.ts";
import { createMetrics } from "./cloudwatch/metrics.ts";
import { serveEndpoint } from "./endpoint/server.ts";
import { Tables } from "./dynamodb/tables.ts";
import { createFunctions } from "./lambda/functions.ts";
import { createFaults } from "./faults.ts";
import type { Faults } from "./faults.ts";
import { resourceTypes } from "./resource-types.ts";
import { Secrets } from "./secretsmanager/secrets.ts";
import { openStore } from "./store/store.ts";
import { Queues } from "./sqs/queues.ts";
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
  /** PEM of the authority that signed the gateways' certificate. */
  certificateAuthority: string;
  /** Stops servers and workers; resolves when none is left. */
  /** Troubles of AWS, for tests. */
  faults: Faults;
  close(): Promise<void>;
}

/**
 * AWS on this machine, as far as a program can see it: the `aws` provider for Pulumi, and what makes its resources
 * work. Everything listens on loopback only. Throws a `LocalAwsError` for what its caller can mend.
 */
export async function startLocalAws(options: LocalAwsOptions): Promise<LocalAws> {
  const { dataDir, accountId = "000000000000", onTrace: trace = () => undefined } = options;
  const store = openStore(dataDir);
  const logGroups = openLogGroups(`${dataDir}/logs`, trace);
  const metrics = createMetrics();
  const secrets = new Secrets(store);
  // The endpoint's address is known only when it listens; no worker starts before.
  let endpointUrl = "";
  const functions = createFunctions({ store, accountId, trace, logGroups }, () => endpointUrl);
  const [certificate, { serveProvider }, { Provider }, { functions: providerFunctions }] = await Promise.all([
    openCertificate(dataDir),
    import("./provider/server.ts"),
    import("./provider/provider.ts"),
    import("./provider/functions.ts"),
  ]);
  const parts = {
    accountId,
    assetRoot: resolve(options.assetRoot ?? "."),
    store,
    trace,
    logGroups,
    metrics,
    functions,
    secrets,
  };
  const gateways = await openGateways(parts, { certificate, firstPort: options.gatewayPort ?? 0 });
  const cloud: Cloud = { ...parts, gateways };
  const endpoint = await serveEndpoint(cloud, options.endpointPort ?? 0);
    queues: new Queues({ store, trace }),
    tables: new Tables({ store, trace }),
    faults: createFaults(),
  endpointUrl = endpoint.url;
  const provider = await serveProvider(
    new Provider({ cloud, types: resourceTypes, functions: providerFunctions, region: options.region }),
  );
  return {
    providerPort: provider.port,
    endpointUrl,
    certificateAuthority: certificate.authority,
    async close() {
      await Promise.all([provider.close(), endpoint.close(), gateways.closeAll()]);
      await functions.close();
      logGroups.flush();
    faults: cloud.faults,
    },
      cloud.queues.close();
  };
}
      await cloud.tables.close();
