import { readFile } from "node:fs/promises";
import { Hono } from "hono";

/** The page's files, as the browser gets them: no build step, nothing from elsewhere. */
const files: Readonly<Record<string, { file: string; type: string }>> = {
  "/": { file: "page/index.html", type: "text/html; charset=utf-8" },
  "/chat": { file: "page/index.html", type: "text/html; charset=utf-8" },
  "/chat/page.css": { file: "page/page.css", type: "text/css; charset=utf-8" },
  "/chat/page.js": { file: "page/page.js", type: "text/javascript; charset=utf-8" },
  "/chat/texts.js": { file: "page/texts.js", type: "text/javascript; charset=utf-8" },
  "/chat/bubble.js": { file: "page/bubble.js", type: "text/javascript; charset=utf-8" },
};

const headers = {
  "cache-control": "no-cache",
  "x-content-type-options": "nosniff",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' https: data:; media-src https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** The chat page at `/` and `/chat`. */
export function createPage(): Hono {
  const app = new Hono();
  for (const [path, { file, type }] of Object.entries(files)) {
    app.get(path, async (context) => {
      const bytes = await readFile(new URL(file, import.meta.url));
      return context.body(bytes, 200, { ...headers, "content-type": type });
    });
  }
  return app;
}
