import { createServiceId } from "@pulumi-line-bot/aws-resources/arn";
import type { Cloud } from "../cloud.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";
import { storedType } from "../store/stored.ts";
import { refuseMissingApi } from "./integration.ts";
import { belowApi, fromApiImportId, integrationsOf, ofApi, routesOf } from "./model.ts";

const METHODS = "GET|HEAD|OPTIONS|PUT|POST|PATCH|DELETE|ANY";

export const route = storedType({
  token: "aws:apigatewayv2/route:Route",
  collection: "apigatewayv2/routes",
  key: belowApi,
  fromImportId: fromApiImportId,
  make(inputs, cloud) {
    refuseMissingApi(inputs, cloud);
    refuseBadRoute(inputs, cloud);
    const taken = ofApi(routesOf(cloud), inputs["apiId"] as string).some(
      ({ attributes }) => attributes["routeKey"] === inputs["routeKey"],
    );
    if (taken)
      throw new ServiceError(
        "ConflictException",
        `Route with key ${inputs["routeKey"] as string} already exists for this API`,
        409,
      );
    return { id: createServiceId(7), attributes: inputs };
  },
  remake({ news }, cloud) {
    refuseBadRoute(news, cloud);
    return {};
  },
  settled: (_attributes, cloud) => cloud.gateways.reload(),
  removed: (cloud) => cloud.gateways.reload(),
});

function refuseBadRoute(inputs: Attributes, cloud: Cloud): void {
  const key = inputs["routeKey"] as string;
  if (key !== "$default" && !new RegExp(`^(${METHODS}) /\\S*$`).test(key))
    throw new ServiceError("BadRequestException", "The provided route key is not formatted properly for HTTP protocol");
  if (inputs["authorizationType"] !== undefined && inputs["authorizationType"] !== "NONE")
    throw new ServiceError("BadRequestException", "The offline AWS serves routes with authorizationType NONE only");
  const target = inputs["target"] as string | undefined;
  const id = target?.replace(/^integrations\//, "");
  if (target && !integrationsOf(cloud).get(`${inputs["apiId"] as string}/${id}`))
    throw new ServiceError("NotFoundException", `Unable to find Integration by ID ${id}`, 404);
}
