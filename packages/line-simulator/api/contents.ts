import { LineError } from "../errors.ts";
import { tryFindMessage } from "../chat-log.ts";
import type { ChatMessage } from "../state.ts";
import type { Content } from "../contents.ts";
import type { Call, Handler } from "./call.ts";
import { notSimulated } from "./not-simulated.ts";

/** Lower case here, upper case elsewhere: as the reference has it. */
const noContent = () => new LineError(404, "not found");

/** What a person sent with this id and has not taken back. @throws {LineError} 404, or 410 for an unsent one. */
function findReceived({ world, channel, params }: Call): ChatMessage {
  const message = tryFindMessage(world, channel.id, params["messageId"] ?? "");
  if (message?.personId === undefined) throw noContent();
  if (message.unsent === true) throw new LineError(410, "The content is gone");
  if (world.clock.now() >= message.sentAtMs + world.behaviour.contentKeptMs) throw noContent();
  return message;
}

const isPrepared = ({ world }: Call, { readyAtMs = 0 }: ChatMessage): boolean => readyAtMs <= world.clock.now();

const toResponse = ({ contentType, bytes }: Content): Response =>
  new Response(new Uint8Array(bytes), { headers: { "content-type": contentType } });

const getMessageContent: Handler = (call) => {
  const message = findReceived(call);
  const content = call.world.contents.get(message.id);
  if (content === undefined) throw noContent();
  return isPrepared(call, message) ? toResponse(content) : Response.json({}, { status: 202 });
};

const getMessageContentPreview: Handler = (call) => {
  const message = findReceived(call);
  const { type } = message.content;
  if (type !== "image" && type !== "video") throw new LineError(400, "The content can not be previewed");
  const { contents } = call.world;
  const preview = contents.get(`${message.id}-preview`) ?? (type === "image" ? contents.get(message.id) : undefined);
  if (preview !== undefined) return toResponse(preview);
  if (!contents.has(message.id)) throw noContent();
  throw notSimulated("previews of videos that were uploaded without one");
};

const getMessageContentTranscodingByMessageId: Handler = (call) => {
  const message = findReceived(call);
  const { type } = message.content;
  if (type !== "video" && type !== "audio") {
    throw new LineError(400, "Transcoding status doesn't support this type of content");
  }
  if (!call.world.contents.has(message.id)) throw noContent();
  return { status: isPrepared(call, message) ? "succeeded" : "processing" };
};

export const contentHandlers = {
  getMessageContent,
  getMessageContentPreview,
  getMessageContentTranscodingByMessageId,
};
