import { createActions, createBubble } from "./bubble.js";
import { call, create, fill, find, run, say, setUpLanguage } from "./common.js";
import { texts } from "./texts.js";

const keptLogLines = 30;

/** @type {any} */
let overview = { channels: [] };
/** @type {Record<string, string>} */
let words = {};
/** @type {Map<string, HTMLElement>} */
const shown = new Map();

const bot = find("bot");
const personSelect = find("person");
const chat = find("chat");
const list = find("messages");

const channel = () => overview.channels.find((/** @type {any} */ { id }) => id === bot.value);
const person = () => channel()?.people.find((/** @type {any} */ { userId }) => userId === personSelect.value);
const chatId = () => (chat.value === "" ? personSelect.value : chat.value);
const who = () => ({
  channelId: bot.value,
  userId: personSelect.value,
  ...(chat.value !== "" && { groupId: chat.value }),
});

/** @param {() => Promise<void>} work */
const attempt = (work) => void run(work, words.lost ?? "");

async function refresh() {
  overview = await call("overview");
  const bots = overview.channels.filter((/** @type {any} */ { kind }) => kind === "messaging-api");
  fill(
    bot,
    bots.map((/** @type {any} */ one) => [one.id, `${one.bot.displayName} (${one.bot.basicId})`]),
  );
  fill(
    personSelect,
    channel().people.map((/** @type {any} */ { userId, displayName }) => [userId, displayName]),
  );
  const mine = channel().groups.filter(
    (/** @type {any} */ { hasBot, userIds }) => hasBot && userIds.includes(personSelect.value),
  );
  fill(chat, [["", words.direct ?? ""], ...mine.map((/** @type {any} */ { id, name }) => [id, name])]);
  showSettings();
  await showMessages();
}

function showSettings() {
  const { webhook } = channel();
  const isOff = webhook.endpoint === undefined || !webhook.active;
  find("endpoint").textContent = isOff ? words.noEndpoint : webhook.endpoint;
  const { isFriend, isBlocked } = person();
  find("friend").textContent = isFriend ? words.block : words.follow;
  find("text").disabled = isBlocked && chat.value === "";
  if (find("text").disabled) say(words.blocked ?? "");
}

async function showMessages() {
  const messages = await call("messages", { channelId: bot.value, chatId: chatId() });
  shown.clear();
  list.replaceChildren();
  find("quick-replies").replaceChildren();
  for (const message of messages) showMessage(message);
}

/** @param {any} message */
function showMessage(message) {
  const author = channel().people.find((/** @type {any} */ { id }) => id === message.personId);
  const isMine = author?.userId === personSelect.value;
  const botName = message.content.sender?.name ?? channel().bot.displayName;
  const name = isMine ? (message.readAtMs === undefined ? "" : words.read) : (author?.displayName ?? botName);
  const item = create(
    "li",
    { className: isMine ? "mine" : "" },
    create("span", { className: "who", textContent: name ?? "" }),
    createBubble(message, { words, act }),
  );
  const former = shown.get(message.id);
  if (former === undefined) list.append(item);
  else former.replaceWith(item);
  shown.set(message.id, item);
  // LINE shows them until anyone writes again.
  showQuickReplies(author === undefined ? (message.content.quickReply?.items ?? []) : []);
  list.scrollTop = list.scrollHeight;
}

/** @param {any[]} items */
function showQuickReplies(items) {
  find("quick-replies").replaceChildren(
    createActions(
      items.map(({ action }) => action),
      act,
    ),
  );
}

/** What a tap on a bot's button does. @param {any} action */
function act(action) {
  const { type, text, data, displayText, uri, richMenuAliasId } = action;
  attempt(async () => {
    if (type === "message") await send(text);
    else if (type === "postback") {
      report(await call("postback", { ...who(), data, ...(displayText !== undefined && { displayText }) }));
    } else if (type === "richmenuswitch") {
      report(await call("switchRichMenu", { channelId: bot.value, userId: personSelect.value, data, richMenuAliasId }));
    } else if (type === "uri") window.open(uri, "_blank", "noreferrer");
    else say(type);
  });
}

/** @param {string} text */
async function send(text) {
  say(words.sending ?? "");
  report(await call("sendText", { ...who(), text }));
}

/** @param {any} emitted */
function report({ delivery }) {
  if (delivery === undefined) say(words.notSent ?? "");
  else if (delivery.success) say("");
  else say(`${words.failed}: ${delivery.reason} ${delivery.detail}`, true);
}

/** @param {string} text */
function log(text, failed = false) {
  const time = new Date().toLocaleTimeString();
  find("log").prepend(create("li", { textContent: `${time} ${text}`, className: failed ? "failed" : "" }));
  while (find("log").children.length > keptLogLines) find("log").lastChild.remove();
}

function listen() {
  const source = new EventSource("/console/traces");
  const on = (/** @type {string} */ kind, /** @type {(trace: any) => void} */ handle) =>
    source.addEventListener(kind, (event) => handle(JSON.parse(event.data)));
  // Sent at every connection: what happened in between is read again.
  on("hello", () => attempt(refresh));
  source.addEventListener("error", () => say(words.lost ?? "", true));
  on("message", (trace) => {
    if (trace.channelId === bot.value && trace.chatId === chatId()) showMessage(trace.message);
  });
  on("loading", (trace) => {
    if (trace.chatId !== chatId()) return;
    say(words.typing ?? "");
    setTimeout(() => say(""), trace.seconds * 1000);
  });
  on("webhook", ({ events, delivery }) => {
    const types = events.map((/** @type {any} */ { type }) => type).join(", ");
    log(`→ ${types} ${delivery.reason} ${delivery.detail}`, !delivery.success);
  });
  on("api", ({ method, path, status, operation }) => {
    log(`← ${method} ${path} ${status}`, status >= 400);
    if (operation === "setWebhookEndpoint") void refresh();
  });
  on("console", () => void refresh());
}

/** @param {File} file */
async function sendImage(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const base64 = btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""));
  const [sent] = await call("sendImages", { ...who(), images: [{ base64, contentType: file.type || undefined }] });
  report(sent);
}

async function createGroup() {
  const channelId = bot.value;
  const userIds = channel().people.map((/** @type {any} */ { userId }) => userId);
  const name = `${channel().bot.displayName} + ${userIds.length}`;
  const { groupId } = await call("createGroup", { channelId, userIds, name });
  report(await call("inviteBot", { channelId, groupId }));
  await refresh();
  chat.value = groupId;
  await refresh();
}

for (const select of [bot, personSelect, chat]) select.addEventListener("change", () => attempt(refresh));
find("form").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  const { value } = find("text");
  if (value === "") return;
  find("text").value = "";
  attempt(() => send(value));
});
find("image").addEventListener("change", () => {
  const [file] = find("image").files;
  find("image").value = "";
  if (file !== undefined) attempt(() => sendImage(file));
});
find("friend").addEventListener("click", () => {
  const { userId, isFriend } = person();
  attempt(async () => report(await call(isFriend ? "block" : "follow", { channelId: bot.value, userId })));
});
find("group").addEventListener("click", () => attempt(createGroup));
setUpLanguage(texts, (chosen) => {
  words = chosen;
  if (overview.channels.length > 0) attempt(refresh);
});
listen();
