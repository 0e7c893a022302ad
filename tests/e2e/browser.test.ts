import chromium from "@sparticuz/chromium";
import { type Browser, chromium as playwright } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deploy } from "./deployed.ts";

/** The package holds a browser for this platform alone. */
const hasBrowser = process.platform === "linux" && process.arch === "x64";

describe.skipIf(!hasBrowser)("the chat page", { timeout: 300_000 }, () => {
  let bot: Awaited<ReturnType<typeof deploy>>;
  let browser: Browser;

  beforeAll(async () => {
    bot = await deploy();
    browser = await playwright.launch({ executablePath: await chromium.executablePath(), args: chromium.args });
  }, 300_000);
  afterAll(async () => {
    await browser.close();
    await bot[Symbol.asyncDispose]();
  });

  async function openPage() {
    const page = await browser.newPage();
    const wrong: string[] = [];
    page.on("pageerror", ({ message }) => wrong.push(message));
    page.on("request", (request) => {
      if (!request.url().startsWith(bot.cloud.line.url)) wrong.push(`asks for ${request.url()}`);
    });
    await page.goto(bot.cloud.line.url);
    return { page, wrong };
  }

  test("shows a person the deployed bot's answer to what was typed", async () => {
    const { page, wrong } = await openPage();

    await page.getByRole("textbox", { name: "Message" }).fill("from a browser");
    await page.getByRole("button", { name: "Send" }).click();

    await page.getByText("你說：from a browser").waitFor();
    expect(wrong).toEqual([]);
  });

  test("answers another person in that person's language", async () => {
    const { page, wrong } = await openPage();

    await page.getByLabel("You are").selectOption({ label: "Emma Clarke" });
    await page.getByRole("textbox", { name: "Message" }).fill("hi");
    await page.getByRole("textbox", { name: "Message" }).press("Enter");

    await page.getByText("You said: hi").waitFor();
    expect(wrong).toEqual([]);
  });

  test("shows what a person writes as text, whatever it looks like", async () => {
    const { page, wrong } = await openPage();
    const text = '<img src="x" onerror="document.title = 1">';

    await page.getByRole("textbox", { name: "Message" }).fill(text);
    await page.getByRole("button", { name: "Send" }).click();

    await page.getByText(text, { exact: true }).waitFor();
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    expect(wrong).toEqual([]);
  });
});
