import type { MiddlewareHandler } from "hono";
import { isOwnRequest } from "@pulumi-line-bot/kit/own-request";

export const refuseOtherSites: MiddlewareHandler = async (context, next) => {
  if (!isOwnRequest(context.req.header())) {
    return context.json(
      { message: "The simulator answers only to programs of this machine and to its own pages" },
      403,
    );
  }
  await next();
  return undefined;
};
