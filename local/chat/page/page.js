import { createActions, createBubble } from "./bubble.js";
import { texts } from "./texts.js";

/** @param {string} id @returns {any} */
const find = (id) => document.getElementById(id);

/** @type {HTMLSelectElement} */ const languageSelect = find("language");
/** @type {HTMLSelectElement} */ const botSelect = find("bot");
/** @type {HTMLSelectElement} */ const personSelect = find("person");
/** @type {HTMLSelectElement} */ const chatSelect = find("chat");
/** @type {HTMLInputElement} */ const textInput = find("text");
/** @type {HTMLInputElement} */ const useWebhook = find("use-webhook");
const list = find("messages");
const status = find("status");

const keptLogLines = 30;

/** @type {any} */
let overview = { channels: [] };
/** @type {Record<string, string>} */
let words = texts.en;
const shown = new Map();

/** @param {string} action @param {object} [input] */
async function call(action, input = {}) {
  const response = await fetch(`/console/${action}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(input),
  });
  const result = await response.json();
  if (!response.ok) throw new Error(result.message);
  return result;
}

/** Runs what a person asked for and says what went wrong with it. @param {() => Promise<void>} work */
async function run(work) {
  say("");
  try {
    await work();
  } catch (error) {
    say(error instanceof TypeError ? (words.lost ?? "") : /** @type {Error} */ (error).message, true);
  }
}

/** @param {string} text */
function say(text, failed = false) {
  status.textContent = text;
  status.classList.toggle("failed", failed);
}

const channel = () => overview.channels.find((/** @type {any} */ { id }) => id === botSelect.value);
const person = () => channel()?.people.find((/** @type {any} */ { userId }) => userId === personSelect.value);
const chatId = () => (chatSelect.value === "" ? personSelect.value : chatSelect.value);
const who = () => ({
  channelId: botSelect.value,
  userId: personSelect.value,
  ...(chatSelect.value !== "" && { groupId: chatSelect.value }),
});

/** @param {HTMLSelectElement} select @param {[string, string][]} options */
function fill(select, options) {
  const chosen = select.value;
  select.replaceChildren(...options.map(([value, label]) => new Option(label, value)));
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}

async function refresh() {
  overview = await call("overview");
  const bots = overview.channels.filter((/** @type {any} */ { kind }) => kind === "messaging-api");
  fill(
    botSelect,
    bots.map((/** @type {any} */ { id, bot }) => [id, `${bot.displayName} (${bot.basicId})`]),
  );
  fill(
    personSelect,
    channel().people.map((/** @type {any} */ { userId, displayName }) => [userId, displayName]),
  );
  const groups = channel().groups.filter(
    (/** @type {any} */ { hasBot, userIds }) => hasBot && userIds.includes(personSelect.value),
  );
  fill(chatSelect, [["", words.direct ?? ""], ...groups.map((/** @type {any} */ { id, name }) => [id, name])]);
  showSettings();
  await showMessages();
}

function showSettings() {
  const { webhook, friendUrl } = channel();
  find("endpoint").textContent = webhook.endpoint ?? words.noEndpoint ?? "";
  useWebhook.checked = webhook.active;
  const link = find("friend-link");
  link.href = friendUrl;
  link.textContent = `${words.friendLink}: ${friendUrl}`;
  const { isFriend, isBlocked } = person();
  find("friend").textContent = (isFriend ? words.block : words.follow) ?? "";
  textInput.disabled = isBlocked && chatSelect.value === "";
  if (textInput.disabled) say(words.blocked ?? "");
}

async function showMessages() {
  const messages = await call("messages", { channelId: botSelect.value, chatId: chatId() });
  shown.clear();
  list.replaceChildren();
  for (const message of messages) showMessage(message);
}

/** @param {any} message */
function showMessage(message) {
  const item = document.createElement("li");
  const author = channel().people.find((/** @type {any} */ { id }) => id === message.personId);
  const isMine = author?.userId === personSelect.value;
  item.classList.toggle("mine", isMine);
  const name = document.createElement("span");
  name.className = "who";
  name.textContent = isMine ? "" : (author?.displayName ?? message.content.sender?.name ?? channel().bot.displayName);
  item.append(name, createBubble(message, { words, act }));
  const former = shown.get(message.id);
  if (former === undefined) list.append(item);
  else former.replaceWith(item);
  shown.set(message.id, item);
  if (author === undefined) showQuickReplies(message.content.quickReply?.items ?? []);
  list.scrollTop = list.scrollHeight;
}

/** @param {any[]} items */
function showQuickReplies(items) {
  find("quick-replies").replaceChildren(
    createActions(
      items.map(({ action }) => action),
      (action) => {
        find("quick-replies").replaceChildren();
        act(action);
      },
    ),
  );
}

/** What a tap on a bot's button does. @param {any} action */
function act(action) {
  void run(async () => {
    if (action.type === "message") await send(action.text);
    else if (action.type === "postback")
      report(await call("postback", { ...who(), data: action.data, displayText: action.displayText }));
    else if (action.type === "uri") window.open(action.uri, "_blank", "noreferrer");
    else say(action.type);
  });
}

/** @param {string} text */
async function send(text) {
  say(words.typing ?? "");
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
  const item = document.createElement("li");
  item.textContent = `${new Date().toLocaleTimeString()} ${text}`;
  item.classList.toggle("failed", failed);
  find("log").prepend(item);
  while (find("log").children.length > keptLogLines) find("log").lastChild?.remove();
}

function listen() {
  const source = new EventSource("/console/traces");
  const on = (/** @type {string} */ kind, /** @type {(trace: any) => void} */ handle) =>
    source.addEventListener(kind, (event) => handle(JSON.parse(event.data)));
  // Sent at every connection: what happened in between is read anew.
  on("hello", () => void run(refresh));
  on("message", (trace) => {
    if (trace.channelId === botSelect.value && trace.chatId === chatId()) showMessage(trace.message);
  });
  on("webhook", ({ events, delivery }) =>
    log(
      `→ ${events.map((/** @type {any} */ { type }) => type).join(", ")} ${delivery.reason} ${delivery.detail}`,
      !delivery.success,
    ),
  );
  on("api", ({ method, path, status: code, operation }) => {
    log(`← ${method} ${path} ${code}`, code >= 400);
    if (operation === "setWebhookEndpoint") void run(refresh);
  });
  on("console", () => void refresh());
}

/** @param {string} language */
function speak(language) {
  words = texts[/** @type {keyof typeof texts} */ (language)];
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = words[/** @type {HTMLElement} */ (element).dataset.text ?? ""] ?? "";
  }
  localStorage.setItem("language", language);
}

function preferredLanguage() {
  const known = Object.keys(texts);
  const wanted = [
    localStorage.getItem("language") ?? "",
    ...navigator.languages.map((tag) => (tag.startsWith("zh") ? "zh-Hant" : tag.slice(0, 2))),
  ];
  return wanted.find((tag) => known.includes(tag)) ?? "en";
}

fill(
  languageSelect,
  Object.entries(texts).map(([language, { name }]) => [language, name]),
);
languageSelect.value = preferredLanguage();
speak(languageSelect.value);
languageSelect.addEventListener("change", () => {
  speak(languageSelect.value);
  void run(refresh);
});
for (const select of [botSelect, personSelect, chatSelect]) select.addEventListener("change", () => void run(refresh));
find("form").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  const text = textInput.value;
  if (text === "") return;
  textInput.value = "";
  void run(() => send(text));
});
find("friend").addEventListener("click", () => {
  const { userId, isFriend } = person();
  void run(async () => report(await call(isFriend ? "block" : "follow", { channelId: botSelect.value, userId })));
});
find("group").addEventListener("click", () => {
  void run(async () => {
    const channelId = botSelect.value;
    const name = `${channel().bot.displayName} + ${channel().people.length}`;
    const userIds = channel().people.map((/** @type {any} */ { userId }) => userId);
    const { groupId } = await call("createGroup", { channelId, userIds, name });
    report(await call("inviteBot", { channelId, groupId }));
    await refresh();
    chatSelect.value = groupId;
    await refresh();
  });
});
useWebhook.addEventListener("change", () => {
  void run(
    async () => void (await call("setSettings", { channelId: botSelect.value, useWebhook: useWebhook.checked })),
  );
});
find("verify").addEventListener("click", () => {
  void run(async () => {
    const { success, reason, detail } = await call("verifyWebhook", { channelId: botSelect.value });
    say(`${reason} ${detail}`, !success);
  });
});
listen();
