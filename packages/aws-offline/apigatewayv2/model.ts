import type { Stored, HasStore, Collection } from "../store/store.ts";
import type { Attributes } from "@pulumi-line-bot/aws-resources/attributes";

type Holder = HasStore;

export const apisOf = (cloud: Holder): Collection<Stored> => cloud.store.collection<Stored>("apigatewayv2/apis");
export const integrationsOf = (cloud: Holder): Collection<Stored> =>
  cloud.store.collection<Stored>("apigatewayv2/integrations");
export const routesOf = (cloud: Holder): Collection<Stored> => cloud.store.collection<Stored>("apigatewayv2/routes");
export const stagesOf = (cloud: Holder): Collection<Stored> => cloud.store.collection<Stored>("apigatewayv2/stages");

/** Key of a thing below an API. */
export function belowApi(attributes: Attributes, id: string): string {
  return `${attributes["apiId"] as string}/${id}`;
}

/** `<apiId>/<id>`, as integrations, routes and stages are imported. */
export function fromApiImportId(importId: string): Stored {
  const [apiId, id = ""] = importId.split("/");
  return { id, attributes: { apiId } };
}

export function ofApi(collection: Collection<Stored>, apiId: string): Stored[] {
  return collection.values().filter(({ attributes }) => attributes["apiId"] === apiId);
}
