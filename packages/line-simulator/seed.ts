import { randomToken, toId } from "./ids.ts";
import type { Channel, Person, State } from "./state.ts";

/** The credentials of the seed's first bot: made up, fixed, and good for the simulator alone. */
export const devChannel = {
  channelId: "2000000001",
  channelSecret: "5e1f0d9c8b7a6958473625140f1e2d3c",
  /** A long-lived token, as if issued in the console. */
  channelAccessToken: "simulated-long-lived-token-of-the-dev-bot",
  basicId: "@001devbt",
  userId: toId("U", "bot/2000000001"),
} as const;

export const prodChannel = {
  channelId: "2000000002",
  channelSecret: "c3d2e1f0415263748596a7b8c9d0f1e5",
  channelAccessToken: "simulated-long-lived-token-of-the-prod-bot",
  basicId: "@002prdbt",
  userId: toId("U", "bot/2000000002"),
} as const;

/** A LINE Login channel: it has no bot, and the Messaging API refuses its tokens. */
export const loginChannel = {
  channelId: "2000000003",
  channelSecret: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
} as const;

export const seedPeople = {
  mei: { id: "mei", displayName: "林美玲", language: "zh-Hant", consent: true, statusMessage: "今天也要加油" },
  yuki: { id: "yuki", displayName: "佐藤ゆき", language: "ja", consent: true },
  somchai: { id: "somchai", displayName: "สมชาย ใจดี", language: "th", consent: true },
  emma: { id: "emma", displayName: "Emma Clarke", language: "en", consent: true },
} as const satisfies Record<string, Person>;

/** What a simulator starts with, and what `reset` goes back to. */
export function createSeed(): State {
  const people = Object.values(seedPeople).map((person): Person => ({ ...person }));
  const channels = [
    messagingChannel(devChannel, "Dev bot", people),
    messagingChannel(prodChannel, "Prod bot", people),
    { ...createChannel("Login", loginChannel), kind: "line-login" as const },
  ];
  const longLived = [devChannel, prodChannel].map(
    ({ channelAccessToken, channelId }) =>
      [channelAccessToken, { channelId, kind: "long-lived" as const, issuedAtMs: 0 }] as const,
  );
  return {
    version: 1,
    serial: 0,
    providers: [{ id: "1000000001", name: "Example provider" }],
    people,
    channels,
    groups: [],
    tokens: Object.fromEntries(longLived),
    tokenKey: randomToken(32),
    messages: [],
  };
}

type Credentials = { channelId: string; channelSecret: string; basicId?: string; userId?: string };

function messagingChannel(credentials: Credentials, name: string, people: readonly Person[]): Channel {
  const friends = people.map(({ id }) => [id, { friend: true, blocked: false }] as const);
  return { ...createChannel(name, credentials), friends: Object.fromEntries(friends) };
}

/** A channel as it is after its making, but for the auto-reply and greeting: those would talk over the bot. */
export function createChannel(
  name: string,
  { channelId, channelSecret, basicId = `@${channelId.slice(-3)}nosml`, userId }: Credentials,
  providerId = "1000000001",
): Channel {
  return {
    id: channelId,
    kind: "messaging-api",
    providerId,
    name,
    secret: channelSecret,
    assertionKeys: {},
    bot: { userId: userId ?? toId("U", `bot/${channelId}`), basicId, displayName: name, verified: false },
    webhook: { active: true, redelivery: false, errorStatistics: false, errors: [] },
    settings: {
      allowGroups: true,
      autoReply: false,
      autoReplyText: "Thank you for your message! This account cannot answer it.",
      greeting: false,
      greetingText: "Thank you for adding us as a friend!",
      chat: false,
      standby: false,
    },
    friends: {},
    quota: { month: "", used: 0, units: [] },
    sent: {},
    richMenus: { menus: {}, aliases: {}, ofPerson: {} },
  };
}
