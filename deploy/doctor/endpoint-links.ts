import { signatureHeader } from "@pulumi-line-bot/kit/signature";
import { isRefusalStatus } from "../../infra/proven-version/probes.ts";
import { type Answers, askWithForgeries, type Endpoint, inspectCertificate, measureAnswers } from "./endpoint.ts";
import { type Facts, type Finding, link, type World } from "./link.ts";

/** What is wrong with a certificate, in words, by OpenSSL's or Node's code. */
const problems: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "it has expired",
  CERT_NOT_YET_VALID: "it is not valid yet",
  ERR_TLS_CERT_ALTNAME_INVALID: "it is for another host name",
  DEPTH_ZERO_SELF_SIGNED_CERT: "it is self-signed, which LINE refuses",
  SELF_SIGNED_CERT_IN_CHAIN: "its authority is none that browsers trust",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the chain is not complete: the server has to send the intermediates too",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its authority is none that browsers trust, or the chain is not complete",
};

const soonMs = 14 * 24 * 3_600_000;

export const certificate = link({
  name: "Certificate and TLS",
  needs: ["deployed"],
  gives: "trusted",
  otherwise: "LINE needs TLS 1.2 or 1.3 at a host name that the whole world can resolve and reach.",
  async check({ deployed: { outputs } }, { target }): Promise<Finding> {
    const url = new URL(outputs.webhookUrl);
    const { protocol, issuer, validUntil, problem } = await inspectCertificate(url, target?.certificateAuthority);
    if (problem !== undefined) {
      const says = `LINE would not trust the certificate of ${url.host}: ${problems[problem] ?? problem}`;
      const todo = "Give the host a certificate of a public authority, with its chain (on AWS: the API's domain name).";
      return { status: "failed", says, todo };
    }
    const says = `${protocol}, valid until ${validUntil.toISOString().slice(0, 10)} (${issuer})`;
    const found = { trusted: true } as const;
    if (validUntil.getTime() > Date.now() + soonMs) return { status: "ok", says, found };
    return { status: "warning", says, todo: "Renew the certificate: LINE refuses it from that day on.", found };
  },
});

/** LINE waits this long for an answer. */
const limitMs = 2000;

/** What an answer other than 200 means, by status. */
const statuses: Readonly<Record<number, string>> = {
  401: "The function has another channel secret: it keeps one for minutes; wait and try again, or deploy.",
  403: "The API may not call the alias: deploy again.",
  404: "The API has no route POST for this path: deploy again.",
  429: "The flood guard or the account's concurrency is at its limit: see line-bot:throttleRateLimit.",
};

const seeTheLogs = "See the function's log group and the API's access log.";

export const answers = link({
  name: "Answers in time",
  needs: ["deployed", "credentials", "trusted"],
  gives: "answers",
  otherwise: seeTheLogs,
  async check(facts, world): Promise<Finding> {
    const measured = await measureAnswers(toEndpoint(facts, world));
    const finding = judgeAnswers(measured, facts.deployed.outputs.logGroup);
    return measured.status === 200 ? { ...finding, found: { answers: true } } : finding;
  },
});

/** After a webhook of LINE's was taken: what answers nobody refuses nobody. */
export const refusals = link({
  name: "Refuses forgeries",
  needs: ["deployed", "credentials", "answers"],
  otherwise: seeTheLogs,
  async check(facts, world): Promise<Finding> {
    const statuses = Object.entries(await askWithForgeries(toEndpoint(facts, world)));
    const taken = statuses.filter(([, status]) => !isRefusalStatus(status));
    if (taken.length === 0) {
      return { status: "ok", says: statuses.map(([what, status]) => `${what}: ${status}`).join(", ") };
    }
    const says = `Anyone can speak to the bot in a user's name: ${taken.map(([what, status]) => `a webhook with ${what} is answered with ${status}`).join(", ")}`;
    const todo = `Let the function verify \`${signatureHeader}\` before all else, and answer 401 where that fails; then deploy.`;
    return { status: "failed", says, todo };
  },
});

const toEndpoint = (
  { deployed: { outputs }, credentials: { channelSecret } }: Pick<Facts, "deployed" | "credentials">,
  { target }: World,
): Endpoint => ({
  url: new URL(outputs.webhookUrl),
  channelSecret,
  botUserId: outputs.botUserId,
  authority: target?.certificateAuthority,
});

export function judgeAnswers({ status, firstMs, warmMs }: Answers, logGroup: string): Finding {
  if (status !== 200) {
    const todo = statuses[status] ?? `The log group ${logGroup} tells why.`;
    return { status: "failed", says: `LINE's empty, signed event is answered with ${status}`, todo };
  }
  const says = `first ${ms(firstMs)}, then ${ms(warmMs)} (median); LINE waits ${limitMs / 1000} s`;
  if (warmMs > limitMs) {
    const todo = `LINE gives up on every event. The log group ${logGroup} tells how long the function takes.`;
    return { status: "failed", says, todo };
  }
  if (firstMs > limitMs) {
    const todo =
      "An event that meets a cold start may be lost: more of line-bot:memorySizeMb starts faster, and webhook redelivery sends it again.";
    return { status: "warning", says, todo };
  }
  return { status: "ok", says };
}

const ms = (value: number) => `${value.toFixed(0)} ms`;
