import { defineBot } from "./bot-interface.ts";

/** What the bot says, in the languages it speaks. */
const phrases = {
  en: {
    answer: (text: string) => `You said: ${text}`,
    welcome: "Thank you for adding me! Write me something.",
    hello: "Hello everyone! Thank you for having me.",
  },
  ja: {
    answer: (text: string) => `「${text}」ですね。`,
    welcome: "友だち追加ありがとうございます！何か話しかけてください。",
    hello: "みなさん、こんにちは！よろしくお願いします。",
  },
  th: {
    answer: (text: string) => `คุณพูดว่า: ${text}`,
    welcome: "ขอบคุณที่เพิ่มเราเป็นเพื่อน! ลองพิมพ์ข้อความมาได้เลย",
    hello: "สวัสดีทุกคน! ขอบคุณที่เชิญเข้ากลุ่ม",
  },
  "zh-Hant": {
    answer: (text: string) => `你說：${text}`,
    welcome: "謝謝你加我好友！跟我說點什麼吧。",
    hello: "大家好！謝謝邀請我加入。",
  },
};

/** The bot: change what it does with each type of event here. What there is to work with: docs/bot.md. */
export default defineBot({
  message: {
    async text({ event, language, replyOrPush }) {
      await replyOrPush(phrases[await language()].answer(event.message.text));
    },
  },

  async follow({ language, replyOrPush }) {
    await replyOrPush(phrases[await language()].welcome);
  },

  async join({ language, replyOrPush }) {
    await replyOrPush(phrases[await language()].hello);
  },
});
