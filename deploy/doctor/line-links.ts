import { LineRefused } from "../../infra/channel-webhook/channel.ts";
import { adviseOn, describeTest } from "../../infra/channel-webhook/proof.ts";
import { isPinned, nameOf } from "../../infra/channel-webhook/session.ts";
import { parseCredentials } from "../../line/credentials.ts";
import { issueAccessToken, TokenRefused } from "../../line/tokens.ts";
import { linksTo } from "../console-steps.ts";
import { openBot } from "../line-bot.ts";
import { tryReadSecret } from "../stack-aws.ts";
import { link, type World } from "./link.ts";

const askAgain = ({ stack }: World) =>
  `Give the stack the right ones with \`npm run credentials -- ${stack}\`, then deploy.`;
const lineStatus = "See that this machine reaches LINE's API; https://api.line-status.info/ has LINE's own state.";

export const credentials = link({
  name: "Credentials",
  needs: ["deployed"],
  gives: "credentials",
  otherwise: "See that AWS's default credential chain (or aws:profile) gives you the stack's account.",
  async check({ deployed: { outputs, aws } }, world) {
    const arn = outputs.credentialsSecret;
    const text = await tryReadSecret(aws, arn);
    if (text === undefined) {
      const todo = `Fill it with \`npm run credentials -- ${world.stack}\` if it is not the stack's own, and deploy.`;
      return { status: "failed", says: `The secret ${arn} does not exist, or has no value`, todo };
    }
    try {
      const found = { credentials: parseCredentials(text) };
      return { status: "ok", says: `channel ${found.credentials.channelId}, from Secrets Manager`, found };
    } catch (error) {
      return { status: "failed", says: error instanceof Error ? error.message : "", todo: askAgain(world) };
    }
  },
});

export const accessToken = link({
  name: "Access token",
  needs: ["deployed", "credentials"],
  gives: "accessToken",
  otherwise: lineStatus,
  async check({ deployed: { settings }, credentials: given }, world) {
    try {
      const signal = AbortSignal.timeout(15_000);
      const { accessToken: token } = await issueAccessToken(given, { apiUrl: settings.apiUrl, signal });
      const kind = given.channelAccessToken === undefined ? "issued, for 15 minutes" : "the long-lived one";
      return { status: "ok", says: kind, found: { accessToken: token } };
    } catch (error) {
      if (!(error instanceof TokenRefused) || error.status >= 500) throw error;
      return {
        status: "failed",
        says: `${error.message}. The channel secret may have been reissued`,
        todo: askAgain(world),
      };
    }
  },
});

export const bot = link({
  name: "Bot",
  needs: ["deployed", "accessToken"],
  gives: "line",
  otherwise: ({ stack }) => `\`npm run credentials -- ${stack}\` takes others, and tells whose they are.`,
  async check({ deployed: { outputs, settings }, accessToken: token }, world) {
    const line = await openBot(token, settings.apiUrl);
    const name = nameOf(line.bot);
    if (line.bot.userId !== outputs.botUserId) {
      const says = `The credentials are those of ${name}, and the stack was deployed for "${outputs.botName}" (${outputs.botUserId})`;
      return { status: "failed", says, todo: askAgain(world) };
    }
    if (settings.bot !== undefined && !isPinned(settings.bot, line.bot)) {
      const says = `The credentials are those of ${name}, and the stack is pinned to ${settings.bot} (line:bot)`;
      return { status: "failed", says, todo: askAgain(world) };
    }
    const found = { line };
    if (settings.bot !== undefined) return { status: "ok", says: `${name}, as pinned`, found };
    const says = `${name}, as deployed; not pinned`;
    if (world.target !== undefined) return { status: "ok", says, found };
    const todo = `\`pulumi config set line:bot ${line.bot.userId} -s ${world.stack}\` keeps the stack from ever setting another bot's webhook.`;
    return { status: "ok", says, todo, found };
  },
});

export const registered = link({
  name: "Webhook URL",
  needs: ["deployed", "line"],
  gives: "webhook",
  otherwise: lineStatus,
  async check({ deployed: { outputs }, line: { channel } }, { stack }) {
    const webhook = await channel.getWebhook();
    // Without a refresh Pulumi believes its state, in which the URL is set.
    const todo = `\`npm run up -- ${stack} --refresh\` registers the stack's.`;
    if (webhook === undefined) return { status: "failed", says: "The channel has no webhook URL", todo };
    const found = { webhook };
    if (webhook.endpoint === outputs.webhookUrl) return { status: "ok", says: "registered, and this stack's", found };
    const says = `The channel's is ${webhook.endpoint}, and this stack's is ${outputs.webhookUrl}: somebody else set it`;
    return { status: "failed", says, todo: `If it is to be this stack's: ${todo}`, found };
  },
});

export const active = link({
  name: "Use webhook",
  needs: ["deployed", "line", "credentials", "webhook"],
  otherwise: lineStatus,
  check({ deployed: { settings }, line, credentials: { channelId }, webhook }) {
    if (webhook.active) return { status: "ok", says: "on" };
    const { developers } = linksTo({ apiUrl: settings.apiUrl, channelId, botBasicId: line.bot.basicId });
    return {
      status: "failed",
      says: "off: LINE sends nothing",
      todo: `Only the console can switch it on: ${developers}`,
    };
  },
});

export const tested = link({
  name: "Test by LINE",
  needs: ["deployed", "line"],
  otherwise: lineStatus,
  async check({ deployed: { outputs }, line: { channel } }, { lineTest }) {
    if (!lineTest) return { status: "skipped", says: "left out (--no-line-test)" };
    try {
      const test = await channel.testWebhook(outputs.webhookUrl);
      if (test.success) return { status: "ok", says: "LINE's own call got 200 (one of 60 an hour)" };
      return { status: "failed", says: `LINE's own call failed: ${describeTest(test)}`, todo: adviseOn(test) };
    } catch (error) {
      if (!(error instanceof LineRefused)) throw error;
      return { status: "failed", says: error.message, todo: refusedTest[error.status] ?? lineStatus };
    }
  },
});

const refusedTest: Readonly<Record<number, string>> = {
  400: "LINE cannot resolve the host name, or does not take the URL: a new name needs a minute.",
  429: "The hour's 60 tests are used up. Wait, or leave it out with `--no-line-test`.",
};
