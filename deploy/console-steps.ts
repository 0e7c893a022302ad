import { styleText } from "node:util";
import { isLoopback } from "../line/api-url.ts";

/** What no API can switch: a person has to, in one of LINE's two consoles. */
export interface ConsoleStep {
  what: string;
  link: string;
  /** `undefined` if LINE's API does not tell. */
  done?: boolean;
}

export interface ConsolePlace {
  apiUrl: URL;
  channelId?: string | undefined;
  botBasicId: string;
  /** "Use webhook", as LINE's API tells. */
  active: boolean;
}

export function listConsoleSteps({ active, ...place }: ConsolePlace): ConsoleStep[] {
  const { developers, manager } = linksTo(place);
  return [
    { what: 'Switch "Use webhook" on', link: developers, done: active },
    { what: 'Switch "Webhook redelivery" on: LINE sends again what was not answered', link: developers },
    { what: "Allow the bot to join group chats, if it is to", link: developers },
    { what: "Switch auto-reply and greeting messages off, or the bot seems to answer twice", link: manager },
  ];
}

/** The channel's Messaging API tab, and the account's response settings. */
export function linksTo({ apiUrl, channelId, botBasicId }: Omit<ConsolePlace, "active">) {
  if (isLoopback(apiUrl)) {
    const simulator = new URL("/console", apiUrl).href;
    return { developers: simulator, manager: simulator };
  }
  const channel = channelId === undefined ? "" : `channel/${channelId}/messaging-api`;
  return {
    developers: `https://developers.line.biz/console/${channel}`,
    manager: `https://manager.line.biz/account/${botBasicId}/setting/response`,
  };
}

/** After the deployment that set a channel's webhook for the first time. */
export function tellConsoleSteps(place: ConsolePlace): void {
  console.log(`\n${describeConsoleSteps(listConsoleSteps(place))}`);
}

export function describeConsoleSteps(steps: ConsoleStep[]): string {
  const rows = steps.map(({ what, link, done }) => {
    const box = done === true ? styleText("green", "[x]") : "[ ]";
    return `  ${box} ${what}\n      ${styleText("cyan", link)}`;
  });
  return ["What only LINE's consoles can do:", ...rows].join("\n");
}
