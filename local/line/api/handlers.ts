import type { Handler, TokenHandler } from "./call.ts";
import { groupHandlers } from "./groups.ts";
import { profileHandlers } from "./profiles.ts";
import { sendHandlers } from "./send.ts";
import { tokenHandlers as issueHandlers } from "./tokens.ts";
import { webhookEndpointHandlers } from "./webhook-endpoint.ts";

/** By OpenAPI's operation id. An operation of LINE's that is missing here answers 501. */
export const handlers: Readonly<Record<string, Handler<never>>> = {
  ...webhookEndpointHandlers,
  ...sendHandlers,
  ...profileHandlers,
  ...groupHandlers,
};

export const tokenHandlers: Readonly<Record<string, TokenHandler>> = issueHandlers;
