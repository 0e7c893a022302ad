import { describe, expect, test } from "vitest";
import type { Diagnosis } from "../../../deploy/doctor/examine.ts";
import { gates } from "../../../deploy/promotion/gates.ts";
import type { Change } from "../../../deploy/promotion/preview.ts";
import type { Promotion } from "../../../deploy/promotion/promotion.ts";
import type { StackPlace } from "../../../deploy/stack-place.ts";
import type { StackSettings } from "../../../deploy/stack-settings.ts";
import { UserError } from "@pulumi-line-bot/kit/user-error";

const artifact = "a".repeat(64);
const commit = "c".repeat(40);
const place = (stack: string): StackPlace => ({
  stack,
  target: undefined,
  pulumi: { name: "pulumi", file: "/nowhere/pulumi", env: {}, cwd: "/" },
});
const settings = (channelId: string | undefined, more: Partial<StackSettings> = {}): StackSettings => ({
  apiUrl: new URL("https://api.line.me"),
  region: "ap-northeast-1",
  aws: {},
  bot: undefined,
  channelId,
  alarmEmail: undefined,
  credentialsSecret: undefined,
  hasAccessToken: false,
  ...more,
});

const fine: Diagnosis[] = [
  { link: "Stack", status: "ok", says: "dev is deployed" },
  { link: "Test by LINE", status: "ok", says: "LINE's own call got 200" },
  { link: "Drift", status: "ok", says: "as the state has it" },
];
const broken = (link: string, says: string, todo: string): Diagnosis[] =>
  fine.map((each) => (each.link === link ? { link, status: "failed", says, todo } : each));

const deployed = { outputs: { artifactSha256: artifact, provenArtifact: artifact, botUserId: "Udev" } };

/** A promotion that every gate lets through. */
function promotionWith(change: Partial<Promotion> = {}): Promotion {
  return {
    from: place("dev"),
    to: place("prod"),
    allow: new Set(),
    examination: () => Promise.resolve({ diagnoses: fine, facts: { deployed } as never }),
    head: () => Promise.resolve({ commit, dirty: [] }),
    built: () => Promise.resolve({ path: "", sha256: artifact, size: 1 }),
    settings: (side) => Promise.resolve(settings(side === "from" ? "1" : "2")),
    deployedTo: () => Promise.resolve([]),
    pin: () => Promise.resolve({ artifact, commit }),
    preview: () => Promise.resolve({ changes: [updated], errors: [] }),
    ...change,
  };
}
const urn = "urn:pulumi:prod::line-bot::aws:apigatewayv2/api:Api::bot";
const updated: Change = {
  op: "update",
  urn,
  type: "aws:apigatewayv2/api:Api",
  name: "bot",
  because: [],
  isProtected: true,
};
const replaced: Change = { ...updated, op: "replace" };
const examined = (diagnoses: Diagnosis[], outputs = deployed.outputs) => ({
  examination: () => Promise.resolve({ diagnoses, facts: { deployed: { outputs } } as never }),
});
const previewed = (changes: Change[], errors: { urn?: string; message: string }[] = []) => ({
  preview: () => Promise.resolve({ changes, errors }),
});

const pass = async (name: string, change?: Partial<Promotion>) => {
  const gate = gates.find((each) => each.name === name);
  if (gate === undefined) throw new Error(`There is no gate ${name}`);
  return gate.check(promotionWith(change));
};

/** This one reads the two stacks' files, which the project's own are not complete without a channel. */
const needsFiles = new Set(["Configuration"]);

describe("what is as it should be passes the gate", () => {
  test.each(gates.map(({ name }) => name).filter((name) => !needsFiles.has(name)))("%s", async (name) => {
    const verdict = await pass(name);

    expect(verdict).toMatchObject({ passed: true });
    expect(verdict.says.length).toBeGreaterThan(10);
  });
});

interface Refusal {
  gate: string;
  what: string;
  change: Partial<Promotion>;
  says: RegExp;
  todo: RegExp;
}

const refusals: Refusal[] = [
  {
    gate: "Deployed",
    what: "a stack that runs nothing",
    change: {
      examination: () =>
        Promise.resolve({ diagnoses: broken("Stack", "dev is not deployed", "Deploy it."), facts: {} }),
    },
    says: /dev is not deployed/,
    todo: /Deploy it/,
  },
  {
    gate: "Proved",
    what: "a chain with a broken link",
    change: examined(broken("Test by LINE", "LINE's own call failed", "Look there.")),
    says: /Test by LINE: LINE's own call failed/,
    todo: /Look there/,
  },
  {
    gate: "Proved",
    what: "a bot that takes what anyone sends",
    change: examined([
      ...fine,
      { link: "Refuses forgeries", status: "failed", says: "no signature: 200", todo: "Verify." },
    ]),
    says: /Refuses forgeries: no signature: 200/,
    todo: /Verify/,
  },
  {
    gate: "Proved",
    what: "a test of LINE's that was not made",
    change: examined([{ link: "Test by LINE", status: "skipped", says: 'needs "Bot"' }]),
    says: /LINE's test was not made: needs "Bot"/,
    todo: /npm run doctor -- dev/,
  },
  {
    gate: "Proved",
    what: "an artifact whose proof failed",
    change: examined(fine, { ...deployed.outputs, provenArtifact: "b".repeat(64) }),
    says: /proof failed: a{12} was deployed, and b{12} is what was proved/,
    todo: /npm run up -- dev/,
  },
  {
    gate: "No drift",
    what: "something changed elsewhere",
    change: examined(broken("Drift", "something deployed was changed elsewhere", "Refresh it.")),
    says: /changed elsewhere/,
    todo: /Refresh it/,
  },
  {
    gate: "Committed",
    what: "files that are not committed",
    change: { head: () => Promise.resolve({ commit, dirty: ["functions/bot.ts", "docs/a.md"] }) },
    says: /not committed: functions\/bot\.ts, docs\/a\.md/,
    todo: /Commit them/,
  },
  {
    gate: "Same bytes",
    what: "a clone that builds others",
    change: { built: () => Promise.resolve({ path: "", sha256: "b".repeat(64), size: 1 }) },
    says: /this clone builds b{12}, and dev runs a{12}/,
    todo: /npm run up -- dev/,
  },
  {
    gate: "Another bot",
    what: "the same channel",
    change: { settings: () => Promise.resolve(settings("1")) },
    says: /dev and prod have one bot, of channel 1/,
    todo: /npm run credentials -- prod/,
  },
  {
    gate: "Another bot",
    what: "no channel yet",
    change: { settings: (side) => Promise.resolve(settings(side === "from" ? "1" : undefined)) },
    says: /prod has no channel yet/,
    todo: /npm run credentials -- prod/,
  },
  {
    gate: "Another bot",
    what: "the same bot as deployed there",
    change: {
      deployedTo: () =>
        Promise.resolve([{ urn, type: "x:LineChannelWebhook", inputs: {}, outputs: { botUserId: "Udev" } }]),
    },
    says: /have one bot/,
    todo: /npm run credentials -- prod/,
  },
  {
    gate: "Another bot",
    what: "a pin to the same bot",
    change: { settings: (side) => Promise.resolve(side === "from" ? settings("1") : settings("2", { bot: "Udev" })) },
    says: /have one bot/,
    todo: /npm run credentials -- prod/,
  },
  {
    gate: "Configuration",
    what: "a stack without a channel and an account",
    change: {},
    says: /prod lacks aws:allowedAccountIds, line:channelId or line:credentialsSecret/,
    todo: /pulumi config set <key> <value> -s prod/,
  },
  {
    gate: "Changes",
    what: "a protected resource that would be replaced",
    change: previewed([replaced]),
    says: /would replace Api\/bot, which prod protects/,
    todo: /--allow Api\/bot/,
  },
  {
    gate: "Changes",
    what: "a protected resource that would be deleted, with another one allowed",
    change: { ...previewed([{ ...updated, op: "delete" }]), allow: new Set(["Secret/bot"]) },
    says: /would delete Api\/bot/,
    todo: /--allow Api\/bot/,
  },
  {
    gate: "Changes",
    what: "a preview that fails",
    change: previewed([], [{ message: "error: no credentials" }]),
    says: /the preview fails: error: no credentials/,
    todo: /npm run preview -- prod/,
  },
];

describe("refused, with what is wrong and the way out, is", () => {
  test.each(refusals)("$gate: $what", async ({ gate, change, says, todo }) => {
    const verdict = await pass(gate, change);

    expect(verdict.passed).toBe(false);
    expect(verdict.says).toMatch(says);
    expect(verdict.todo).toMatch(todo);
  });
});

test.each(["Api/bot", urn])("a protected resource may be replaced when %s is allowed", async (name) => {
  const refusedByPulumi = [{ urn, message: "is protected" }, { message: "preview failed" }];

  const verdict = await pass("Changes", { ...previewed([replaced], refusedByPulumi), allow: new Set([name]) });

  expect(verdict).toMatchObject({ passed: true, todo: expect.stringContaining("pulumi state unprotect") });
});

test("what is not protected may be replaced without a word", async () => {
  expect(await pass("Changes", previewed([{ ...replaced, isProtected: false }]))).toMatchObject({ passed: true });
});

test("a clone that builds other bytes is not previewed: that would fail", async () => {
  const built = () => Promise.resolve({ path: "", sha256: "b".repeat(64), size: 1 });
  const preview = () => Promise.reject(new UserError("previewed all the same"));

  expect(await pass("Changes", { built, preview })).toMatchObject({
    passed: false,
    says: expect.stringMatching(/^not previewed/),
  });
});
