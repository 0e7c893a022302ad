import { partitionOf } from "@pulumi-line-bot/kit/partition";
import { ServiceError } from "../errors.ts";
import { isObject } from "@pulumi-line-bot/kit/json";
import { storedType } from "../store/stored.ts";

/** Kept, and shown by nobody: what the service itself refuses is refused. */
export const dashboard = storedType({
  token: "aws:cloudwatch/dashboard:Dashboard",
  collection: "cloudwatch/dashboards",
  overwrites: true,
  make(inputs, cloud) {
    refuseWrongBody(inputs["dashboardBody"] as string);
    const name = inputs["dashboardName"] as string;
    // Dashboards belong to no region.
    const dashboardArn = `arn:${partitionOf(inputs["region"] as string)}:cloudwatch::${cloud.accountId}:dashboard/${name}`;
    return { id: name, attributes: { ...inputs, dashboardArn } };
  },
  remake({ news }) {
    refuseWrongBody(news["dashboardBody"] as string);
    return {};
  },
});

const WIDGETS = new Set(["alarm", "custom", "explorer", "log", "metric", "text"]);

function refuseWrongBody(body: string): void {
  const { widgets } = JSON.parse(body) as { widgets?: unknown };
  const problem = Array.isArray(widgets)
    ? widgets.findIndex(
        (widget) => !isObject(widget) || !WIDGETS.has(String(widget["type"])) || !isObject(widget["properties"]),
      )
    : undefined;
  if (problem === -1) return;
  throw new ServiceError(
    "InvalidParameterInput",
    problem === undefined
      ? "The field widgets of the dashboard body is required, and is a list"
      : `The dashboard body is invalid: widget ${problem} needs a type that CloudWatch has, and properties`,
  );
}
