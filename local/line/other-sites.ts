import type { MiddlewareHandler } from "hono";

const ownHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/** Only programs and pages of this machine: neither another site's page nor a name that was rebound to loopback. */
export const refuseOtherSites: MiddlewareHandler = async (context, next) => {
  const { host = "", origin } = context.req.header();
  const isOwn =
    ownHost.test(host) && (origin === undefined || (URL.canParse(origin) && ownHost.test(new URL(origin).host)));
  if (!isOwn) return context.json({ message: "The simulator answers only to localhost" }, 403);
  await next();
  return undefined;
};
