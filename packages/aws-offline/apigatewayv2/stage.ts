import { partitionOf } from "@pulumi-line-bot/kit/partition";
import { createServiceId, toArn } from "@pulumi-line-bot/aws-resources/arn";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";
import { storedType } from "../store/stored.ts";
import { refuseMissingApi } from "./integration.ts";
import { apisOf, belowApi, fromApiImportId } from "./model.ts";

export const stage = storedType({
  token: "aws:apigatewayv2/stage:Stage",
  collection: "apigatewayv2/stages",
  key: belowApi,
  fromImportId: fromApiImportId,
  make(inputs, cloud) {
    refuseMissingApi(inputs, cloud);
    refuseUndeployed(inputs);
    const apiId = inputs["apiId"] as string;
    const name = inputs["name"] as string;
    const region = inputs["region"] as string;
    const endpoint = apisOf(cloud).get(apiId)?.attributes["apiEndpoint"] as string;
    return {
      id: name,
      attributes: {
        deploymentId: createServiceId(6),
        ...inputs,
        arn: `arn:${partitionOf(region)}:apigateway:${region}::/apis/${apiId}/stages/${name}`,
        executionArn: toArn("execute-api", region, cloud.accountId, `${apiId}/${name}`),
        invokeUrl: `${endpoint}/${name === "$default" ? "" : name}`,
      },
    };
  },
  remake({ news }) {
    refuseUndeployed(news);
    return {};
  },
  settled: (_attributes, cloud) => cloud.gateways.reload(),
  removed: (cloud) => cloud.gateways.reload(),
  exists: () => new ServiceError("ConflictException", "Stage already exists", 409),
});

/** Without automatic deployment a stage serves what was deployed into it, and deployments are not simulated. */
function refuseUndeployed(inputs: Attributes): void {
  if (inputs["autoDeploy"] !== true)
    throw new ServiceError("BadRequestException", "The offline AWS serves stages with autoDeploy true only");
}
