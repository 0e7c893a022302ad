import { call, create, fill, find, run, say, setUpLanguage } from "./common.js";
import { texts } from "./console-texts.js";

/** @type {any} */
let overview;
/** @type {Record<string, string>} */
let words = {};

const select = find("channel");
const channel = () => overview.channels.find((/** @type {any} */ { id }) => id === select.value);
const channelId = () => ({ channelId: select.value });

/** Faults by name, as the console's API takes them. */
const faults = {
  duplicate: { on: "webhook", what: "duplicate" },
  reorder: { on: "webhook", what: "reorder" },
  unreachable: { on: "webhook", what: "unreachable" },
  slowWebhook: { on: "webhook", what: "slow", delayMs: 3000 },
  slowCall: { on: "api", delayMs: 3000 },
  tooMany: { on: "api", status: 429 },
  failBefore: { on: "api", status: 500, effect: "before" },
  failAfter: { on: "api", status: 500, effect: "after" },
};

/** Switches, and where the overview has their state. */
const switches = {
  useWebhook: (/** @type {any} */ { webhook }) => webhook.active,
  redelivery: (/** @type {any} */ { webhook }) => webhook.redelivery,
  errorStatistics: (/** @type {any} */ { webhook }) => webhook.errorStatistics,
  allowGroups: (/** @type {any} */ { settings }) => settings.allowGroups,
  autoReply: (/** @type {any} */ { settings }) => settings.autoReply,
  greeting: (/** @type {any} */ { settings }) => settings.greeting,
  chat: (/** @type {any} */ { settings }) => settings.chat,
  standby: (/** @type {any} */ { settings }) => settings.standby,
  verified: (/** @type {any} */ { bot }) => bot.verified,
};

/** Does something and shows the state after it. @param {() => Promise<unknown>} work */
const attempt = (work) =>
  void run(async () => {
    await work();
    await refresh();
  }, words.lost ?? "");

async function refresh() {
  overview = await call("overview");
  fill(
    select,
    overview.channels.map((/** @type {any} */ { id, name, kind }) => [id, `${name} (${kind})`]),
  );
  const isBot = channel().kind === "messaging-api";
  for (const part of ["webhook", "account", "people", "groups"]) find(`${part}-section`).hidden = !isBot;
  showBasics();
  showFaults();
  showBehaviour();
  if (!isBot) return;
  showWebhook();
  await showAccount();
  showPeople();
  showGroups();
}

/** @param {[string, string][]} entries */
const definitions = (entries) => entries.flatMap(([term, value]) => [create("dt", {}, term), create("dd", {}, value)]);

/** @param {string} text @param {() => Promise<unknown>} work */
const button = (text, work) => {
  const element = create("button", { type: "button", textContent: text });
  element.addEventListener("click", () => attempt(work));
  return element;
};

/** @param {string} text @param {boolean} checked @param {(checked: boolean) => Promise<unknown>} change */
const checkbox = (text, checked, change) => {
  const input = Object.assign(document.createElement("input"), { type: "checkbox", checked });
  input.addEventListener("change", () => attempt(() => change(input.checked)));
  return create("label", { className: "switch" }, input, ` ${text}`);
};

function showBasics() {
  const { id, providerId, bot } = channel();
  const provider = overview.providers.find((/** @type {any} */ one) => one.id === providerId);
  const basics = /** @type {[string, string][]} */ ([
    [words.channelId ?? "", id],
    [words.provider ?? "", `${provider.name} (${providerId})`],
    [words.botId ?? "", `${bot.userId} ${bot.basicId}`],
  ]);
  find("basics").replaceChildren(...definitions(basics));
  find("credentials").replaceChildren();
  find("basic-buttons").replaceChildren(
    ...[
      ["reveal", reveal],
      ["reissueSecret", () => call("reissueSecret", channelId()).then(reveal)],
      ["reissueToken", () => call("reissueLongLivedToken", channelId()).then(reveal)],
      ["revokeTokens", () => call("revokeTokens", channelId())],
    ].map(([name, work]) => {
      const element = create("button", { type: "button", textContent: words[/** @type {string} */ (name)] ?? "" });
      const action = /** @type {() => Promise<unknown>} */ (work);
      element.addEventListener("click", () => void run(async () => void (await action()), words.lost ?? ""));
      return element;
    }),
  );
}

async function reveal() {
  const credentials = await call("revealCredentials", channelId());
  find("credentials").replaceChildren(...definitions(Object.entries(credentials)));
}

function showWebhook() {
  find("endpoint").elements.url.value = channel().webhook.endpoint ?? "";
  find("switches").replaceChildren(
    ...Object.entries(switches).map(([name, read]) =>
      checkbox(words[name] ?? name, read(channel()), (checked) =>
        call("setSettings", { ...channelId(), [name]: checked }),
      ),
    ),
  );
}

async function showAccount() {
  const { bot, quota } = channel();
  find("rename").elements.displayName.value = bot.displayName;
  find("icon").elements.pictureUrl.value = bot.pictureUrl ?? "";
  find("quota").elements.quota.value = quota.limit ?? "";
  find("used").textContent = String(quota.used);
  const { url, qrCode } = await call("friendLink", channelId());
  Object.assign(find("friend-link"), { href: url, textContent: url });
  find("qr-code").src = `data:image/svg+xml,${encodeURIComponent(qrCode)}`;
}

function showPeople() {
  find("people").replaceChildren(
    ...channel().people.map((/** @type {any} */ { userId, displayName, language = "", consent, isFriend }) => {
      const pair = { ...channelId(), userId };
      return create(
        "tr",
        {},
        create("th", { scope: "row" }, displayName),
        create("td", {}, language),
        create("td", {}, create("code", {}, userId)),
        create(
          "td",
          {},
          checkbox(words.consent ?? "", consent, (checked) => call("setConsent", { ...pair, consent: checked })),
        ),
        create(
          "td",
          {},
          button((isFriend ? words.block : words.follow) ?? "", () => call(isFriend ? "block" : "follow", pair)),
        ),
      );
    }),
  );
}

function showGroups() {
  find("groups").replaceChildren(
    ...channel().groups.map((/** @type {any} */ { id, name, userIds, hasBot }) => {
      const inGroup = { ...channelId(), groupId: id };
      const members = channel().people.map((/** @type {any} */ { userId, displayName }) =>
        checkbox(displayName, userIds.includes(userId), (checked) =>
          call(checked ? "joinMembers" : "leaveMembers", { ...inGroup, userIds: [userId] }),
        ),
      );
      return create(
        "tr",
        {},
        create("th", { scope: "row" }, name),
        create("td", {}, ...members),
        create(
          "td",
          {},
          button((hasBot ? words.removeBot : words.inviteBot) ?? "", () =>
            call(hasBot ? "removeBot" : "inviteBot", inGroup),
          ),
        ),
      );
    }),
  );
}

function showFaults() {
  fill(
    find("fault").elements.fault,
    Object.keys(faults).map((name) => [name, words[name] ?? name]),
  );
  find("faults").replaceChildren(
    ...overview.faults.map((/** @type {any} */ fault) => create("li", {}, create("code", {}, JSON.stringify(fault)))),
  );
}

/** The names are those of the API: a setting's meaning stands beside it in the simulator's documentation. */
function showBehaviour() {
  find("behaviour").replaceChildren(
    ...Object.entries(overview.behaviour).map(([name, value]) => toSetting(name, value)),
  );
}

/** @param {string} name @param {any} value */
function toSetting(name, value) {
  const set = (/** @type {any} */ changed) => call("setBehaviour", { [name]: changed });
  if (typeof value === "boolean") return checkbox(name, value, set);
  const input = Object.assign(document.createElement("input"), { value: String(value) });
  const parse = (/** @type {string} */ text) => {
    if (Array.isArray(value))
      return text
        .split(",")
        .filter((part) => part.trim() !== "")
        .map(Number);
    return typeof value === "number" ? Number(text) : text;
  };
  input.addEventListener("change", () => attempt(() => set(parse(input.value))));
  return create("label", {}, `${name} `, input);
}

/** @param {string} id @param {(values: Record<string, string>) => Promise<unknown>} submit */
function onSubmit(id, submit) {
  find(id).addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const values = Object.fromEntries(
      [...new FormData(find(id))].map(([name, value]) => [name, typeof value === "string" ? value : ""]),
    );
    attempt(async () => {
      await submit(values);
      // The others show what is set, which the refresh fills in again.
      find(id).reset();
    });
  });
}

/** @param {Record<string, string>} values */
async function addFault({ fault = "", operation = "", delayMs = "", times = "1" }) {
  const chosen = faults[/** @type {keyof typeof faults} */ (fault)];
  await call("addFault", {
    ...chosen,
    ...(operation !== "" && chosen.on === "api" && { operation }),
    ...(delayMs !== "" && { delayMs: Number(delayMs) }),
    times: Number(times),
  });
}

onSubmit("endpoint", ({ url }) => call("setWebhookUrl", { ...channelId(), url }));
onSubmit("rename", ({ displayName }) => call("renameBot", { ...channelId(), displayName }));
onSubmit("icon", ({ pictureUrl }) => call("changeIcon", { ...channelId(), pictureUrl }));
onSubmit("quota", ({ quota }) => call("setSettings", { ...channelId(), quota: quota === "" ? null : Number(quota) }));
onSubmit("new-channel", ({ name }) => call("addChannel", { providerId: channel().providerId, name }));
onSubmit("new-person", ({ displayName, language }) =>
  call("addPerson", { displayName, ...(language !== "" && { language }) }),
);
onSubmit("new-group", ({ name }) =>
  call("createGroup", {
    ...channelId(),
    name,
    userIds: channel().people.map((/** @type {any} */ { userId }) => userId),
  }),
);
onSubmit("fault", addFault);
find("clear-faults").addEventListener("click", () => attempt(() => call("clearFaults")));
find("reset").addEventListener("click", () => {
  if (confirm(words.resetWarning)) attempt(() => call("reset"));
});
find("verify").addEventListener("click", () => {
  void run(async () => {
    const { success, reason, detail } = await call("verifyWebhook", channelId());
    say(`${reason} ${detail}`, !success);
  }, words.lost ?? "");
});
find("statistics").addEventListener("click", () => {
  void run(async () => {
    find("statistics-text").textContent = await call("downloadErrorStatistics", channelId());
    find("statistics-text").hidden = false;
  }, words.lost ?? "");
});
select.addEventListener("change", () => attempt(async () => {}));
setUpLanguage(texts, (chosen) => {
  words = chosen;
  attempt(async () => {});
});
