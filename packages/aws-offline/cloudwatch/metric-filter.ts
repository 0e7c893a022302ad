import type { Stored } from "../store/store.ts";
import type { Cloud } from "../cloud.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";
import { storedType } from "../store/stored.ts";
import { tryParseSelector } from "./json-selector.ts";
import { parseLogPattern } from "./log-pattern.ts";
import { toFilterKey, type Transformation } from "./metric-filters.ts";

export const metricFilter = storedType({
  token: "aws:cloudwatch/logMetricFilter:LogMetricFilter",
  collection: "cloudwatch/metric-filters",
  overwrites: true,
  key: (attributes, id) => toFilterKey(attributes["logGroupName"] as string, id),
  fromImportId(importId) {
    const at = importId.indexOf(":");
    return { id: importId.slice(at + 1), attributes: { logGroupName: importId.slice(0, at) } };
  },
  // White space around a pattern means nothing.
  same: (property, old, wanted) => property === "pattern" && String(old).trim() === String(wanted).trim(),
  make(inputs, cloud) {
    refuseWrong(inputs, cloud);
    return { id: inputs["name"] as string, attributes: toAttributes(inputs) };
  },
  remake({ news }, cloud) {
    refuseWrong(news, cloud);
    return toAttributes(news);
  },
});

function toAttributes(inputs: Attributes): Attributes {
  return { applyOnTransformedLogs: false, ...inputs, pattern: String(inputs["pattern"]).trim() };
}

function refuseWrong(inputs: Attributes, cloud: Cloud): void {
  const { logGroupName, pattern, metricTransformation } = inputs as {
    logGroupName: string;
    pattern: string;
    metricTransformation: Transformation;
  };
  if (!cloud.store.collection<Stored>("cloudwatch/log-groups").get(logGroupName))
    throw new ServiceError("ResourceNotFoundException", "The specified log group does not exist.");
  if (inputs["applyOnTransformedLogs"] === true)
    throw new ServiceError("InvalidParameterException", "The offline AWS does not transform logs");
  parseLogPattern(pattern);
  refuseWrongTransformation(metricTransformation);
}

function refuseWrongTransformation({ value, defaultValue, dimensions = {} }: Transformation): void {
  const selectors = Object.values(dimensions);
  const wrong = (value.startsWith("$") ? !tryParseSelector(value) : !isNumber(value))
    ? `metric value: ${value}`
    : defaultValue !== undefined && !isNumber(defaultValue)
      ? `default value: ${defaultValue}`
      : defaultValue !== undefined && selectors.length > 0
        ? "default value: it cannot be used with dimensions"
        : selectors.length > 3
          ? "dimensions: there can be three at most"
          : selectors.find((selector) => !tryParseSelector(selector));
  if (wrong !== undefined)
    throw new ServiceError("InvalidParameterException", `Invalid metric transformation: ${wrong}`);
}

const isNumber = (text: string): boolean => text.trim() !== "" && Number.isFinite(Number(text));
