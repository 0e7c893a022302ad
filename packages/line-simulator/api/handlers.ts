import type { Handler, TokenHandler } from "./call.ts";
import { chatControlHandlers } from "./chat-control.ts";
import { contentHandlers } from "./contents.ts";
import { groupHandlers } from "./groups.ts";
import { narrowcastHandlers } from "./narrowcast.ts";
import { profileHandlers } from "./profiles.ts";
import { quotaHandlers } from "./quota.ts";
import { richMenuAliasHandlers } from "./rich-menu-aliases.ts";
import { richMenuBatchHandlers } from "./rich-menu-batches.ts";
import { richMenuLinkHandlers } from "./rich-menu-links.ts";
import { richMenuHandlers } from "./rich-menus.ts";
import { sendHandlers } from "./send.ts";
import { sendManyHandlers } from "./send-many.ts";
import { issueHandlers } from "./tokens.ts";
import { tokenV21Handlers } from "./tokens-v21.ts";
import { webhookEndpointHandlers } from "./webhook-endpoint.ts";

/** Handlers by OpenAPI's operation id. An operation of LINE's that is missing here answers 501. */
export const handlers: Readonly<Record<string, Handler<never>>> = {
  ...webhookEndpointHandlers,
  ...sendHandlers,
  ...sendManyHandlers,
  ...narrowcastHandlers,
  ...quotaHandlers,
  ...contentHandlers,
  ...chatControlHandlers,
  ...profileHandlers,
  ...groupHandlers,
  ...richMenuHandlers,
  ...richMenuLinkHandlers,
  ...richMenuBatchHandlers,
  ...richMenuAliasHandlers,
};

export const tokenHandlers: Readonly<Record<string, TokenHandler>> = { ...issueHandlers, ...tokenV21Handlers };
