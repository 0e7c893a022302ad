import * as v from "valibot";
import { longestContentType } from "../contents.ts";
import { nextMessageId } from "../ids.ts";
import type { World } from "../world.ts";
import { action } from "./action.ts";
import type { Emitted } from "../webhook/emit.ts";
import { findPlace, write, writer, type Place } from "./writing.ts";

const maxBytes = 20 * 1024 * 1024;
const base64 = v.pipe(v.string(), v.base64(), v.maxLength(Math.ceil((maxBytes * 4) / 3)));
const external = v.object({ originalContentUrl: v.string(), previewImageUrl: v.optional(v.string()) });
const durationMs = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)));

/** What a person uploads; with `external`, the bytes are somewhere else and cannot be fetched from LINE. */
const contentType = v.optional(
  v.pipe(
    v.string(),
    v.maxLength(longestContentType),
    v.regex(/^[\w.+-]+\/[\w.+-]+$/, "has to be a media type, such as image/png"),
  ),
);
const upload = {
  contentType,
  base64: v.optional(base64),
  previewBase64: v.optional(base64),
  external: v.optional(external),
};

const providerOf = (given: v.InferOutput<typeof external> | undefined) =>
  given === undefined ? { type: "line" } : { type: "external", ...given };

interface Uploaded {
  contentType?: string | undefined;
  base64?: string | undefined;
  previewBase64?: string | undefined;
}

/** Puts the bytes where the data host finds them, and gives the message its id. */
function keep(world: World, defaultType: string, { contentType = defaultType, ...given }: Uploaded): string {
  const id = nextMessageId(world.state);
  if (given.base64 !== undefined) world.contents.put(id, { contentType, bytes: Buffer.from(given.base64, "base64") });
  if (given.previewBase64 !== undefined) {
    const bytes = Buffer.from(given.previewBase64, "base64");
    world.contents.put(`${id}-preview`, { contentType: "image/jpeg", bytes });
  }
  return id;
}

/** Media that LINE converts is not there at once. */
const readyAt = ({ clock, behaviour }: World): number => clock.now() + behaviour.transcodingMs;

const image = v.object(upload);

/** Several images at once are several events, told apart by `imageSet`. */
export const sendImages = action(
  v.object({ ...writer, images: v.pipe(v.array(image), v.minLength(1)) }),
  (world, { images, ...who }): Promise<Emitted[]> => {
    const place = findPlace(world, who);
    const setId = images.length > 1 ? nextMessageId(world.state) : undefined;
    const sent = images.map((one, index) => {
      const imageSet = setId === undefined ? {} : { imageSet: { id: setId, index: index + 1, total: images.length } };
      const id = keep(world, "image/jpeg", one);
      return write(world, place, { id, type: "image", contentProvider: providerOf(one.external), ...imageSet });
    });
    return Promise.all(sent);
  },
);

export const sendVideo = action(v.object({ ...writer, ...upload, durationMs }), (world, input) =>
  sendRecording(world, findPlace(world, input), "video", input),
);

export const sendAudio = action(v.object({ ...writer, ...upload, durationMs }), (world, input) =>
  sendRecording(world, findPlace(world, input), "audio", input),
);

type Recording = Uploaded & {
  external?: v.InferOutput<typeof external> | undefined;
  durationMs?: number | undefined;
};

async function sendRecording(world: World, place: Place, type: "video" | "audio", given: Recording): Promise<Emitted> {
  const id = keep(world, type === "video" ? "video/mp4" : "audio/x-m4a", given);
  const duration = given.durationMs === undefined ? {} : { duration: given.durationMs };
  const contentProvider = providerOf(given.external);
  return write(world, place, { id, type, ...duration, contentProvider }, readyAt(world));
}

export const sendFile = action(
  v.object({ ...writer, fileName: v.string(), contentType, base64 }),
  (world, { fileName, ...input }) => {
    const place = findPlace(world, input);
    const id = keep(world, "application/octet-stream", input);
    const fileSize = Buffer.from(input.base64, "base64").byteLength;
    return write(world, place, { id, type: "file", fileName, fileSize });
  },
);
