import type { HasMetrics, Meter } from "../cloudwatch/metrics.ts";
import type { Served } from "./access-log.ts";

/** The names for HTTP APIs; REST APIs have others for the same. */
const UNITS = {
  Count: "Count",
  "4xx": "Count",
  "5xx": "Count",
  Latency: "Milliseconds",
  IntegrationLatency: "Milliseconds",
} as const;

type Meters = Record<keyof typeof UNITS, Meter>;

/** Tells metrics of an API's requests, for the API and for its stage. */
export function createRequestMeter({ metrics }: HasMetrics, ApiId: string): (served: Served) => void {
  const ofApi = toMeters({ ApiId });
  const byStage = new Map<string, Meters>();
  return ({ stage, answer: { status }, latencyMs, integration }) => {
    let ofStage = byStage.get(stage);
    if (!ofStage) byStage.set(stage, (ofStage = toMeters({ ApiId, Stage: stage })));
    const now = Date.now();
    for (const meters of [ofApi, ofStage]) {
      meters.Count(1, now);
      meters["4xx"](Number(status >= 400 && status < 500), now);
      meters["5xx"](Number(status >= 500), now);
      meters.Latency(latencyMs, now);
      if (integration) meters.IntegrationLatency(integration.latencyMs, now);
    }
  };

  function toMeters(dimensions: Record<string, string>): Meters {
    const meters = Object.entries(UNITS).map(([name, unit]) => [
      name,
      metrics.meter({ namespace: "AWS/ApiGateway", name, dimensions, unit }),
    ]);
    return Object.fromEntries(meters) as Meters;
  }
}
