import type { HasFunctions } from "../lambda/functions.ts";
import type { HasMetrics } from "../cloudwatch/metrics.ts";
import type { HasLogGroups } from "../cloudwatch/log-groups.ts";
import type { HasTrace } from "../trace.ts";
import type { HasAccountId } from "../account-id.ts";
import type { HasStore } from "../store/store.ts";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isOwnRequest } from "@pulumi-line-bot/kit/own-request";
import { toArn } from "@pulumi-line-bot/aws-resources/arn";
import { ServiceError } from "../errors.ts";
import { mayInvoke } from "../lambda/may-invoke.ts";
import { parseFunctionName } from "../lambda/model.ts";
import { renderAccessLog, type Served } from "./access-log.ts";
import { refuse, toAnswer, type Answer } from "./answer.ts";
import { toEvent, toGatewayRequest, toPath, type GatewayRequest } from "./event.ts";
import { createRequestMeter } from "./measures.ts";
import { apisOf } from "./model.ts";
import { findRoute, toRouting, type Match, type Routing, type ServedStage } from "./routing.ts";

const BODY_LIMIT = 10 * 1024 * 1024;

type Surroundings = HasStore & HasAccountId & HasTrace & HasLogGroups & HasMetrics & HasFunctions;

/** One HTTP API at work: finds the stage and route of a request, and has the function behind it answer. */
export class Gateway {
  readonly #cloud: Surroundings;
  readonly #apiId: string;
  readonly #measure: (served: Served) => void;
  #routing: Routing | undefined;

  constructor(cloud: Surroundings, apiId: string) {
    this.#cloud = cloud;
    this.#apiId = apiId;
    this.#measure = createRequestMeter(cloud, apiId);
  }

  reload(): void {
    this.#routing = undefined;
  }

  serve(message: IncomingMessage, response: ServerResponse): void {
    const startedAt = performance.now();
    const request = toGatewayRequest(message);
    // Before there is an API: on AWS, a host that is none of its names leads to no API, log or measure. A page of
    // another origin, which AWS would let in, has nothing to do with a bot that is being tried out.
    if (!isOwnRequest(message.headers)) return turnAway(message, response, request.requestId);
    void this.#answer(request, message, response, startedAt);
  }

  async #answer(
    request: GatewayRequest,
    message: IncomingMessage,
    response: ServerResponse,
    startedAt: number,
  ): Promise<void> {
    try {
      const { answer, ...rest } = await this.#handle(request, message);
      send(response, answer, request.requestId);
      this.#record({ request, answer, latencyMs: performance.now() - startedAt, ...rest });
    } catch (error) {
      // The client has gone, or something here is broken: there is nothing more to tell it.
      response.destroy(error instanceof Error ? error : undefined);
    }
  }

  async #handle(
    request: GatewayRequest,
    message: IncomingMessage,
  ): Promise<Pick<Served, "answer" | "routeKey" | "integration"> & { served: ServedStage | undefined }> {
    const routing = (this.#routing ??= toRouting(this.#cloud, this.#apiId));
    const path = toPath(request);
    const { stage, rest } = findStage(routing, path);
    const match = stage && findRoute(routing.routes, request.method, rest);
    const body = await readBody(message);
    const nothing = { served: stage, routeKey: match?.route.routeKey };
    if (!stage || !match) return { ...nothing, answer: refuse(404) };
    if (!stage.bucketFor(match.route.routeKey).take()) return { ...nothing, answer: refuse(429) };
    if (!body) return { ...nothing, answer: refuse(413) };
    const event = toEvent(request, { apiId: this.#apiId, accountId: this.#cloud.accountId, stage, match, path }, body);
    return { ...nothing, ...(await this.#integrate(match, stage, event)) };
  }

  async #integrate(
    { route }: Match,
    stage: ServedStage,
    event: string,
  ): Promise<Pick<Served, "answer" | "integration">> {
    const { functionArn } = route;
    if (functionArn === undefined) return { answer: refuse(500, "No integration is behind the route") };
    if (!this.#isAllowed(functionArn, route.method, route.routeKey, stage.name))
      return {
        answer: refuse(
          500,
          "The IAM role configured on the integration or API Gateway doesn't have permissions to call the integration",
        ),
      };
    const startedAt = performance.now();
    const integration = { requestId: undefined as string | undefined, status: undefined as number | undefined };
    const answer = await withTimeout(route.timeoutMs, async () => {
      try {
        const result = await this.#cloud.functions.invoke(functionArn, undefined, event);
        integration.requestId = result.requestId;
        integration.status = 200;
        return toAnswer(result);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        integration.status = error.status;
        return error.status === 429 ? refuse(503, error.message) : refuse(500, error.message);
      }
    });
    return { answer, integration: { ...integration, latencyMs: performance.now() - startedAt } };
  }

  #isAllowed(functionArn: string, method: string, routeKey: string, stage: string): boolean {
    const { name, qualifier } = parseFunctionName(functionArn);
    const region = apisOf(this.#cloud).get(this.#apiId)?.attributes["region"] as string;
    const { accountId } = this.#cloud;
    const route = routeKey === "$default" ? "$default" : `${method}${routeKey.slice(routeKey.indexOf(" ") + 1)}`;
    return mayInvoke(this.#cloud, {
      functionName: name,
      qualifier,
      principal: "apigateway.amazonaws.com",
      accountId,
      sourceArn: toArn("execute-api", region, accountId, `${this.#apiId}/${stage}/${route}`),
    });
  }

  #record({
    served: stage,
    ...rest
  }: Omit<Served, "apiId" | "accountId" | "stage"> & { served: ServedStage | undefined }): void {
    const served: Served = {
      ...rest,
      apiId: this.#apiId,
      accountId: this.#cloud.accountId,
      stage: stage?.name ?? "$default",
    };
    const { request, answer, latencyMs } = served;
    if (stage?.accessLog)
      this.#cloud.logGroups.append(
        stage.accessLog.group,
        `${request.startedAt.toISOString().slice(0, 10)}-${this.#apiId}`,
        renderAccessLog(stage.accessLog.format, served),
      );
    this.#measure(served);
    this.#cloud.trace({
      kind: "request",
      apiId: this.#apiId,
      method: request.method,
      path: toPath(request),
      status: answer.status,
      ms: latencyMs,
      requestId: request.requestId,
    });
  }
}

function turnAway(message: IncomingMessage, response: ServerResponse, requestId: string): void {
  message.resume();
  send(response, refuse(403), requestId);
}

/** A named stage is the first segment of the path; what is left of it is routed. */
function findStage({ stages }: Routing, path: string): { stage: ServedStage | undefined; rest: string } {
  const [, first = ""] = path.split("/", 2);
  const named = stages.get(first);
  if (named) return { stage: named, rest: path.slice(first.length + 1) || "/" };
  return { stage: stages.get("$default"), rest: path };
}

/** `undefined` if it is longer than the gateway takes. The rest is read and dropped, so that the client gets the answer. */
async function readBody(message: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= BODY_LIMIT) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (length > BODY_LIMIT) return undefined;
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

/** The function goes on after that, as on AWS; only nobody waits for it any more. */
async function withTimeout(limitMs: number, act: () => Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<Answer>((resolve) => {
    timer = setTimeout(() => resolve(refuse(503, "Endpoint request timed out")), limitMs);
  });
  const acting = act();
  try {
    return await Promise.race([acting, timeout]);
  } finally {
    clearTimeout(timer);
    acting.catch(() => undefined); // Anyone who waited has got an answer.
  }
}

function send(response: ServerResponse, { status, headers, body }: Answer, requestId: string): void {
  response.statusCode = status;
  for (const [name, value] of headers)
    if (name === "set-cookie") response.appendHeader(name, value);
    else response.setHeader(name, value);
  response.setHeader("apigw-requestid", requestId);
  response.setHeader("content-length", body.length);
  response.end(body);
}
