import { createServiceId } from "@pulumi-line-bot/aws-resources/arn";
import type { Cloud } from "../cloud.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";
import { storedType } from "../store/stored.ts";
import { apisOf, belowApi, fromApiImportId, ofApi, routesOf } from "./model.ts";

export const integration = storedType({
  token: "aws:apigatewayv2/integration:Integration",
  collection: "apigatewayv2/integrations",
  key: belowApi,
  fromImportId: fromApiImportId,
  // Left out, the method that the service filled in stays.
  same: (property, old, wanted) => property === "integrationMethod" && wanted === undefined && old === "POST",
  make(inputs, cloud) {
    refuseMissingApi(inputs, cloud);
    refuseUnserved(inputs);
    return {
      id: createServiceId(7),
      attributes: {
        integrationMethod: "POST",
        timeoutMilliseconds: 30_000,
        ...inputs,
        integrationResponseSelectionExpression: "${integration.response.statuscode}",
      },
    };
  },
  remake({ olds, news }) {
    refuseUnserved(news);
    return { integrationMethod: news["integrationMethod"] ?? olds["integrationMethod"] };
  },
  settled: (_attributes, cloud) => cloud.gateways.reload(),
  removed: (cloud) => cloud.gateways.reload(),
  removing(attributes, cloud, id) {
    const apiId = attributes["apiId"] as string;
    const users = ofApi(routesOf(cloud), apiId).map(({ attributes: route }) => route["target"] as string | undefined);
    if (users.includes(`integrations/${id}`))
      throw new ServiceError(
        "ConflictException",
        `Cannot delete Integration '${id}'. Integration is referenced by a Route.`,
        409,
      );
  },
});

export function refuseMissingApi(inputs: Attributes, cloud: Cloud): void {
  const apiId = inputs["apiId"] as string;
  if (!apisOf(cloud).get(apiId))
    throw new ServiceError("NotFoundException", `Invalid API identifier specified ${cloud.accountId}:${apiId}`, 404);
}

/** An integration that would not do what it says is refused. */
function refuseUnserved(inputs: Attributes): void {
  const served: Record<string, unknown> = { integrationType: "AWS_PROXY", payloadFormatVersion: "2.0" };
  for (const [name, value] of Object.entries(served))
    if (inputs[name] !== value)
      throw new ServiceError(
        "BadRequestException",
        `The offline AWS serves integrations with ${name} ${String(value)} only, not ${String(inputs[name])}`,
      );
  for (const name of ["integrationSubtype", "requestParameters", "responseParameters", "tlsConfig", "credentialsArn"])
    if (inputs[name] !== undefined)
      throw new ServiceError("BadRequestException", `The offline AWS serves integrations without ${name} only`);
}
