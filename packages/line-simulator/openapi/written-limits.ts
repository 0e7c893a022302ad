import { isUserId } from "../ids.ts";

/** Says what is wrong with a value that has the right type, in LINE's words, or nothing. */
export type Rule = (value: unknown) => string | undefined;

/** The rule for values of one type; others are the shapes' business. */
const forText =
  (rule: (text: string) => string | undefined): Rule =>
  (value) =>
    typeof value === "string" ? rule(value) : undefined;

/** JavaScript's own count: UTF-16 code units, as LINE counts message text. An apple emoji is two. */
const units = (max: number) =>
  forText(({ length }) => (length > max ? `Length must be between 0 and ${max}` : undefined));

const segmenter = new Intl.Segmenter();

/** What a reader sees as one character: how labels and titles are counted. */
const graphemes = (max: number) =>
  forText((text) => {
    // No text has more graphemes than code units: most labels need no segmenting.
    const isLong = text.length > max && [...segmenter.segment(text)].length > max;
    return isLong ? `Length must be between 0 and ${max}` : undefined;
  });

const size =
  (min: number, max: number): Rule =>
  (value) =>
    Array.isArray(value) && (value.length < min || value.length > max)
      ? `Size must be between ${min} and ${max}`
      : undefined;

const uri = (max: number, schemes: readonly string[]) =>
  forText((text) => {
    if (!URL.canParse(text)) return "invalid uri";
    if (!schemes.includes(new URL(text).protocol)) return "invalid uri scheme";
    return units(max)(text);
  });

/** The limit of a bubble's or carousel's JSON. */
const bubbleSize: Rule = (value) => {
  const isCarousel = (value as { type?: unknown }).type === "carousel";
  const max = (isCarousel ? 50 : 30) * 1024;
  return Buffer.byteLength(JSON.stringify(value)) > max ? `Size must be between 0 and ${max} bytes` : undefined;
};

const multipleOfFive: Rule = (value) =>
  typeof value === "number" && value % 5 !== 0 ? "must be a multiple of five" : undefined;

const onlyUserId = forText((text) =>
  isUserId(text)
    ? undefined
    : "Only user id is acceptable, please confirm if there are any group/room ids or illegal ids.",
);

const media = uri(2000, ["https:"]);
const link = uri(1000, ["http:", "https:", "line:", "tel:"]);

/**
 * Limits that LINE's reference writes and its OpenAPI description leaves out, by type and property.
 * Units or graphemes: https://developers.line.biz/en/docs/messaging-api/text-character-count/
 * @see https://developers.line.biz/en/reference/messaging-api/#message-objects
 */
export const writtenLimits: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  ShowLoadingAnimationRequest: { loadingSeconds: multipleOfFive, chatId: onlyUserId },
  PushMessageRequest: { customAggregationUnits: size(0, 1) },
  TextMessage: { text: units(5000), emojis: size(0, 20) },
  TextMessageV2: { text: units(5000) },
  ImageMessage: { originalContentUrl: media, previewImageUrl: media },
  VideoMessage: { originalContentUrl: media, previewImageUrl: media, trackingId: units(100) },
  AudioMessage: { originalContentUrl: media },
  LocationMessage: { title: graphemes(100), address: graphemes(100) },
  ImagemapMessage: { baseUrl: media, altText: units(1500), actions: size(0, 50) },
  ImagemapVideo: { originalContentUrl: media, previewImageUrl: media },
  URIImagemapAction: { label: graphemes(100), linkUri: link },
  MessageImagemapAction: { label: graphemes(100), text: graphemes(400) },
  TemplateMessage: { altText: units(1500) },
  ButtonsTemplate: { thumbnailImageUrl: media, title: graphemes(40), text: graphemes(160), actions: size(1, 4) },
  ConfirmTemplate: { text: graphemes(240), actions: size(2, 2) },
  CarouselTemplate: { columns: size(1, 10) },
  CarouselColumn: { thumbnailImageUrl: media, title: graphemes(40), text: graphemes(120), actions: size(1, 3) },
  ImageCarouselTemplate: { columns: size(1, 10) },
  ImageCarouselColumn: { imageUrl: media },
  FlexMessage: { altText: units(1500), contents: bubbleSize },
  FlexCarousel: { contents: size(1, 12) },
  FlexImage: { url: media },
  FlexIcon: { url: media },
  FlexVideo: { url: media, previewUrl: media },
  QuickReplyItem: { imageUrl: media },
  Sender: { name: graphemes(20), iconUrl: media },
  PostbackAction: { data: units(300), displayText: units(300), text: units(300) },
  MessageAction: { text: units(300) },
  URIAction: { uri: link },
  DatetimePickerAction: { data: units(300) },
  RichMenuRequest: { areas: size(0, 20) },
};
