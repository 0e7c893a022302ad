import type { Operation } from "../openapi/table.ts";
import type { Channel } from "../state.ts";
import type { World } from "../world.ts";

/** A call of the Messaging API, already authorised, within its rate and valid in shape. */
export interface Call<Body = unknown> {
  world: World;
  channel: Channel;
  operation: Operation;
  params: Record<string, string>;
  query: Record<string, string>;
  headers: Headers;
  body: Body;
  requestId: string;
}

/** What a handler answers: an object as JSON with the operation's status, nothing as `{}`, or a whole response. */
export type Answer = object | Response | undefined | void;

export type Handler<Body = unknown> = (call: Call<Body>) => Answer | Promise<Answer>;

/** A call for tokens: no token yet, so no channel; OAuth's form instead of JSON. */
export interface TokenCall {
  world: World;
  form: Record<string, string>;
  query: Record<string, string>;
  headers: Headers;
}

export type TokenHandler = (call: TokenCall) => Answer;
