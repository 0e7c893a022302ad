import { ServiceError } from "../errors.ts";
import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import { storedType } from "../store/stored.ts";
import { uniqueSuffix } from "../naming.ts";
import { removeMetricFilters } from "./metric-filters.ts";

export const logGroup = storedType({
  token: "aws:cloudwatch/logGroup:LogGroup",
  collection: "cloudwatch/log-groups",
  key: (_attributes, id) => id,
  make(inputs, cloud) {
    const prefix = inputs["namePrefix"] as string | undefined;
    const name = (inputs["name"] as string | undefined) ?? `${prefix}${uniqueSuffix()}`;
    const arn = toArn("logs", inputs["region"] as string, cloud.accountId, `log-group:${name}`);
    return { id: name, attributes: { logGroupClass: "STANDARD", ...inputs, name, arn } };
  },
  removing(attributes, cloud) {
    if (attributes["deletionProtectionEnabled"] === true)
      throw new ServiceError(
        "ValidationException",
        `Log group ${attributes["name"] as string} has deletion protection enabled`,
      );
    const name = attributes["name"] as string;
    cloud.logGroups.remove(name);
    removeMetricFilters(cloud, name);
  },
  outlives: (attributes) => attributes["skipDestroy"] === true,
  exists: () => new ServiceError("ResourceAlreadyExistsException", "The specified log group already exists"),
});
