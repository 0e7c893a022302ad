import { text } from "node:stream/consumers";
import * as v from "valibot";
import { messageOf } from "@pulumi-line-bot/kit/message-of";
import { type ChannelCredentials, channelCredentialsSchema, parseCredentials } from "../../line/credentials.ts";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import type { Asker } from "./ask.ts";

interface Question {
  key: keyof ChannelCredentials;
  label: string;
  hidden?: boolean;
  optional?: boolean;
}

const questions: readonly Question[] = [
  { key: "channelId", label: "Channel ID (Basic settings)" },
  { key: "channelSecret", label: "Channel secret (Basic settings; not shown)", hidden: true },
  {
    key: "channelAccessToken",
    label: "Long-lived access token (Enter for none: short ones are issued when needed; not shown)",
    hidden: true,
    optional: true,
  },
];

/** Asks for each until it can be one. */
export async function askCredentials(asker: Asker, tell: (message: string) => void): Promise<ChannelCredentials> {
  const answers: Record<string, string> = {};
  for (const { key, label, hidden = false, optional = false } of questions) {
    for (;;) {
      const answer = await asker.ask(`${label}: `, { hidden });
      if (answer === "" && optional) break;
      const parsed = v.safeParse(channelCredentialsSchema.entries[key], answer);
      if (parsed.success) {
        answers[key] = answer;
        break;
      }
      tell(`That ${parsed.issues[0].message}. It is in the console, https://developers.line.biz/console/`);
    }
  }
  return v.parse(channelCredentialsSchema, answers);
}

const form = '{"channelId":"…","channelSecret":"…","channelAccessToken":"…"}, the token being optional';

/** @throws {UserError} naming the property that is wrong, never its value. */
export async function readCredentials(input: NodeJS.ReadableStream): Promise<ChannelCredentials> {
  const json = await text(input);
  if (json.trim() === "") {
    throw new UserError(`Nothing came by standard input. Give it JSON: ${form}.`);
  }
  try {
    return parseCredentials(json);
  } catch (error) {
    const reason = messageOf(error);
    throw new UserError(`${reason}. Standard input has to be JSON: ${form}. Nothing was written.`);
  }
}
