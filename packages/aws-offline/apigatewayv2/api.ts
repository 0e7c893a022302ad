import { partitionOf } from "@pulumi-line-bot/kit/partition";
import { createServiceId, toArn } from "@pulumi-line-bot/aws-resources/arn";
import { ServiceError } from "../errors.ts";
import { storedType } from "../store/stored.ts";
import { integrationsOf, ofApi, routesOf, stagesOf } from "./model.ts";

const UNSUPPORTED = ["body", "target", "routeKey", "credentialsArn"];

export const api = storedType({
  token: "aws:apigatewayv2/api:Api",
  collection: "apigatewayv2/apis",
  async make(inputs, cloud) {
    if (inputs["protocolType"] !== "HTTP")
      throw new ServiceError("BadRequestException", "The offline AWS serves APIs with protocolType HTTP only");
    for (const name of UNSUPPORTED)
      if (inputs[name] !== undefined)
        throw new ServiceError("BadRequestException", `The offline AWS makes an API without ${name} only: add routes`);
    const id = createServiceId(10);
    const region = inputs["region"] as string;
    const port = await cloud.gateways.open(id);
    cloud.store.takeBack(() => cloud.gateways.close(id));
    return {
      id,
      attributes: {
        ipAddressType: "ipv4",
        ...inputs,
        // On AWS https://<id>.execute-api.<region>.amazonaws.com.
        apiEndpoint: `https://localhost:${port}`,
        arn: `arn:${partitionOf(region)}:apigateway:${region}::/apis/${id}`,
        executionArn: toArn("execute-api", region, cloud.accountId, id),
      },
    };
  },
  settled: (_attributes, cloud) => cloud.gateways.reload(),
  removed: (cloud) => cloud.gateways.reload(),
  async removing(_attributes, cloud, id) {
    for (const collection of [routesOf(cloud), integrationsOf(cloud), stagesOf(cloud)])
      for (const below of ofApi(collection, id)) collection.delete(`${id}/${below.id}`);
    await cloud.gateways.close(id);
  },
});
