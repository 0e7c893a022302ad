/** What the chat and the console share. */

/** @param {string} id @returns {any} */
export const find = (id) => document.getElementById(id);

/**
 * Asks the simulator's console. @param {string} action @param {object} [input]
 * @returns {Promise<any>}
 */
export async function call(action, input = {}) {
  const response = await fetch(`/console/${action}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(input),
  });
  const result = await response.json();
  if (!response.ok) throw new Error(result.message);
  return result;
}

/** @param {string} text */
export function say(text, failed = false) {
  find("status").textContent = text;
  find("status").classList.toggle("failed", failed);
}

/**
 * Runs what a person asked for and says what went wrong with it.
 * @param {() => Promise<void>} work @param {string} lost what to say when the simulator does not answer
 */
export async function run(work, lost) {
  say("");
  try {
    await work();
  } catch (error) {
    say(error instanceof TypeError ? lost : /** @type {Error} */ (error).message, true);
  }
}

/** @param {HTMLSelectElement} select @param {[string, string][]} options */
export function fill(select, options) {
  const chosen = select.value;
  select.replaceChildren(...options.map(([value, label]) => new Option(label, value)));
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}

/**
 * An element with properties and children. @param {string} tag @param {object} [properties]
 * @param {...(Node | string)} children
 */
export function create(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/**
 * Fills the page with the words of the language that the person chose, or of the browser's, and again at each choice.
 * @template {Record<string, Record<string, string>>} Texts
 * @param {Texts} texts @param {(words: Record<string, string>) => void} changed
 */
export function setUpLanguage(texts, changed) {
  const select = find("language");
  fill(
    select,
    Object.entries(texts).map(([language, { name = language }]) => [language, name]),
  );
  select.value = preferred(Object.keys(texts));
  const apply = () => {
    const words = texts[select.value] ?? {};
    document.documentElement.lang = select.value;
    for (const element of document.querySelectorAll("[data-text]")) {
      element.textContent = words[/** @type {HTMLElement} */ (element).dataset.text ?? ""] ?? "";
    }
    localStorage.setItem("language", select.value);
    changed(words);
  };
  select.addEventListener("change", apply);
  apply();
}

/** @param {string[]} known */
function preferred(known) {
  const wanted = navigator.languages.map((tag) => (tag.startsWith("zh") ? "zh-Hant" : tag.slice(0, 2)));
  return [localStorage.getItem("language") ?? "", ...wanted].find((tag) => known.includes(tag)) ?? "en";
}
