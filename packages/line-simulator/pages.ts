import { readFile } from "node:fs/promises";
import { Hono } from "hono";

const text = { html: "text/html", css: "text/css", js: "text/javascript" } as const;

/** The pages' files, as the browser gets them: no build step, nothing from elsewhere. */
const files: Readonly<Record<string, string>> = {
  "/": "chat.html",
  "/chat": "chat.html",
  "/console": "console.html",
  "/chat/page.css": "page.css",
  "/chat/chat.js": "chat.js",
  "/chat/bubble.js": "bubble.js",
  "/chat/texts.js": "texts.js",
  "/chat/common.js": "common.js",
  "/chat/console.css": "console.css",
  "/chat/console.js": "console.js",
  "/chat/console-texts.js": "console-texts.js",
};

const headers = {
  "cache-control": "no-cache",
  "x-content-type-options": "nosniff",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' https: data:; media-src https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** The chat at `/` and `/chat`, and the console at `/console`. */
export function createPage(): Hono {
  const app = new Hono();
  for (const [path, file] of Object.entries(files)) {
    const type = text[file.slice(file.lastIndexOf(".") + 1) as keyof typeof text];
    app.get(path, async (context) => {
      const bytes = await readFile(new URL(`pages/${file}`, import.meta.url));
      return context.body(bytes, 200, { ...headers, "content-type": `${type}; charset=utf-8` });
    });
  }
  return app;
}
