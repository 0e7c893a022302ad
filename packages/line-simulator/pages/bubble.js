/**
 * A message as an element. Whatever a bot sends is shown as text or as an attribute, never as markup.
 * @param {any} message
 * @param {{ words: Record<string, string>, act: (action: any) => void }} context
 */
export function createBubble(message, { words, act }) {
  const bubble = document.createElement("div");
  bubble.className = "bubble";
  if (message.unsent) {
    bubble.classList.add("unsent");
    bubble.textContent = words.unsent ?? "";
    return bubble;
  }
  const show = shows[message.content.type] ?? showJson;
  show(bubble, message.content, act);
  return bubble;
}

/** @type {Record<string, (bubble: HTMLElement, content: any, act: (action: any) => void) => void>} */
const shows = {
  text: showText,
  textV2: showText,
  sticker: (bubble, { packageId, stickerId }) => bubble.append(`🏷️ ${packageId}/${stickerId}`),
  location: (bubble, { title = "", address = "", latitude, longitude }) =>
    bubble.append(`📍 ${title} ${address} (${latitude}, ${longitude})`),
  image: (bubble, { previewImageUrl, contentProvider, id }) =>
    bubble.append(createImage(previewImageUrl ?? contentProvider.previewImageUrl ?? `/console/contents/${id}`)),
  video: (bubble, { originalContentUrl, id }) => bubble.append(`🎬 ${originalContentUrl ?? id}`),
  audio: (bubble, { originalContentUrl, id }) => bubble.append(`🔊 ${originalContentUrl ?? id}`),
  file: (bubble, { fileName }) => bubble.append(`📄 ${fileName}`),
  flex: (bubble, { contents, altText }, act) => {
    bubble.title = altText;
    for (const one of contents.contents ?? [contents]) bubble.append(createFlex(one, act));
  },
  template: showTemplate,
};

/** @param {HTMLElement} bubble @param {any} content */
function showText(bubble, { text }) {
  bubble.append(text);
}

/** @param {HTMLElement} bubble @param {any} content @param {(action: any) => void} act */
function showTemplate(bubble, { altText, template }, act) {
  for (const column of template.columns ?? [template]) {
    const image = column.thumbnailImageUrl ?? column.imageUrl;
    if (image !== undefined) bubble.append(createImage(image));
    if (column.title !== undefined)
      bubble.append(Object.assign(document.createElement("strong"), { textContent: column.title }), "\n");
    bubble.append(column.text ?? altText);
    bubble.append(createActions(column.actions ?? [column.action], act));
  }
}

/**
 * What a Flex component holds, without its measures: texts, pictures and buttons, in rows and columns.
 * @param {any} component @param {(action: any) => void} act @returns {Node}
 */
function createFlex(component, act) {
  const { type, layout, text, url, action, contents, header, hero, body, footer } = component;
  if (type === "text" && contents === undefined)
    return Object.assign(document.createElement("p"), { textContent: text });
  if (type === "span") return document.createTextNode(text);
  if (type === "image" || type === "icon") return createImage(url);
  if (type === "button") return createActions([action], act);
  if (type === "separator") return document.createElement("hr");
  const parts = contents ?? [header, hero, body, footer].filter((part) => part !== undefined);
  const box = document.createElement("div");
  box.className = layout === "horizontal" || layout === "baseline" ? "flex row" : "flex";
  box.append(...parts.map((/** @type {any} */ part) => createFlex(part, act)));
  return box;
}

/** @param {any[]} actions @param {(action: any) => void} act */
export function createActions(actions, act) {
  const list = document.createElement("div");
  list.className = "actions";
  for (const action of actions) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = action.label ?? action.type;
    button.addEventListener("click", () => act(action));
    list.append(button);
  }
  return list;
}

/** @param {string} url */
function createImage(url) {
  const image = document.createElement("img");
  image.alt = "";
  image.src = url;
  return image;
}

/** @param {HTMLElement} bubble @param {any} content */
function showJson(bubble, content) {
  bubble.append(JSON.stringify(content, undefined, 2));
}
