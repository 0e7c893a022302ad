import type { Cloud } from "../cloud.ts";
import type { Datum } from "../cloudwatch/metrics.ts";
import type { Served } from "./access-log.ts";

type Measured = Pick<Datum, "name" | "value" | "unit">;

/** What HTTP APIs tell of each request, with the names that they use: not those of REST APIs. */
export function measureRequest(
  { metrics }: Pick<Cloud, "metrics">,
  { apiId, stage, answer: { status }, latencyMs, integration }: Served,
): void {
  const measured: Measured[] = [
    { name: "Count", value: 1, unit: "Count" },
    { name: "4xx", value: Number(status >= 400 && status < 500), unit: "Count" },
    { name: "5xx", value: Number(status >= 500), unit: "Count" },
    { name: "Latency", value: latencyMs, unit: "Milliseconds" },
  ];
  if (integration) measured.push({ name: "IntegrationLatency", value: integration.latencyMs, unit: "Milliseconds" });
  for (const dimensions of [{ ApiId: apiId }, { ApiId: apiId, Stage: stage }])
    for (const one of measured) metrics.put({ namespace: "AWS/ApiGateway", dimensions, ...one });
}
