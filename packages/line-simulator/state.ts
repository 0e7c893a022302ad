import type { messagingApi, webhook } from "@line/bot-sdk";

/** All that the platform remembers: plain data, one JSON file when it is kept. */
export interface State {
  version: 1;
  /** Grows with every id that is given out, so that ids are unique and in order. */
  serial: number;
  providers: Provider[];
  people: Person[];
  channels: Channel[];
  groups: Group[];
  /** Channel access tokens by their text; the stateless ones hold all there is to know in themselves. */
  tokens: Record<string, Token>;
  /** Signs stateless tokens. */
  tokenKey: string;
  /** Oldest first; see `chat-log.ts` for how many are kept. */
  messages: ChatMessage[];
}

interface Provider {
  id: string;
  name: string;
}

/** Someone with LINE on the phone. Each provider knows the person by a userId of its own. */
export interface Person {
  id: string;
  displayName: string;
  /** BCP 47, as in the profile. */
  language?: string;
  pictureUrl?: string;
  statusMessage?: string;
  /** Whether the person agreed that official accounts get the userId; without it, group events hide who wrote. */
  consent: boolean;
}

export interface Channel {
  id: string;
  kind: "messaging-api" | "line-login";
  providerId: string;
  name: string;
  secret: string;
  /** Public keys that the console registered for JWT assertions, by `kid`. */
  assertionKeys: Record<string, { n: string; e: string }>;
  bot: Bot;
  webhook: WebhookSettings;
  settings: ChannelSettings;
  /** Friendships by the person's id. */
  friends: Record<string, Friendship>;
  quota: Quota;
  /** Counts of sent messages by kind and day in Japan, such as `push/20260105`. */
  sent: Record<string, number>;
  richMenus: RichMenus;
}

/** The LINE Official Account. */
interface Bot {
  userId: string;
  /** The ID with its `@`. */
  basicId: string;
  premiumId?: string;
  displayName: string;
  pictureUrl?: string;
  /** When the name was last changed: an unverified account may not change it again for seven days. */
  renamedAtMs?: number;
  iconChangedAtMs?: number;
  verified: boolean;
}

interface WebhookSettings {
  endpoint?: string;
  /** What events still go to for a while after `changedAtMs`: LINE caches the setting for up to a minute. */
  formerEndpoint?: string;
  changedAtMs?: number;
  /** "Use webhook" in the console. */
  active: boolean;
  redelivery: boolean;
  errorStatistics: boolean;
  errors: WebhookError[];
}

/** A line of the console's error statistics: one minute, one reason. */
interface WebhookError {
  minuteMs: number;
  reason: string;
  detail: string;
  count: number;
}

interface ChannelSettings {
  allowGroups: boolean;
  autoReply: boolean;
  autoReplyText: string;
  greeting: boolean;
  greetingText: string;
  /** "Chat" on: the console's people answer too, and messages are read by hand. */
  chat: boolean;
  /** Another channel has the chats: events come without a reply token. */
  standby: boolean;
}

interface Friendship {
  friend: boolean;
  blocked: boolean;
  /** Anyone who wrote in the last seven days can be pushed to, friend or not. */
  wroteAtMs?: number;
}

interface Quota {
  /** Messages in a month; absent: unlimited. */
  limit?: number;
  /** The month in Japan that `used` counts, such as `202601`. */
  month: string;
  used: number;
  /** Names of aggregation units used in the month. */
  units: string[];
}

interface RichMenus {
  menus: Record<string, messagingApi.RichMenuResponse>;
  aliases: Record<string, string>;
  default?: string;
  /** Rich menu ids by the person's id. */
  ofPerson: Record<string, string>;
}

export interface Group {
  /** `C…` for a group, `R…` for a multi-person chat. */
  id: string;
  name: string;
  pictureUrl?: string;
  /** Ids of people. */
  members: string[];
  /** Only one official account per group or room. */
  channelId?: string;
  /** A room tells its bot of the joining with the first event after it. */
  joinUntold?: true;
}

export interface Token {
  channelId: string;
  kind: "long-lived" | "short-lived" | "v2.1";
  issuedAtMs: number;
  /** Absent: does not expire. */
  expiresAtMs?: number;
  keyId?: string;
}

/** A message in a chat between people and one channel's bot. */
export interface ChatMessage {
  id: string;
  seq: number;
  channelId: string;
  /** The userId, groupId or roomId. */
  chatId: string;
  /** A person's id; absent: the bot wrote it. */
  personId?: string;
  sentAtMs: number;
  /** The message as in a webhook when a person wrote, or as in the request when the bot did. */
  content: webhook.MessageContent | messagingApi.Message;
  quoteToken?: string;
  markAsReadToken?: string;
  editedAtMs?: number;
  unsent?: true;
  readAtMs?: number;
  /** When the platform is done with uploaded media. */
  readyAtMs?: number;
  /** Who sent it where no person and no call did: the console's greeting or auto-reply. */
  by?: "greeting" | "auto-reply";
}
