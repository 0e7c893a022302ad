import { readFile } from "node:fs/promises";
import { tryGit } from "@pulumi-line-bot/kit/git";
import { explainOtherBytes } from "../../infra/other-bytes.ts";
import { parseCredentials } from "../../line/credentials.ts";
import { drift, lookForDrift } from "../doctor/stack-links.ts";
import type { Diagnosis } from "../doctor/examine.ts";
import { root } from "../local-stack.ts";
import { tryReadSecret } from "../stack-aws.ts";
import type { StackPlace } from "../stack-place.ts";
import type { StackSettings } from "../stack-settings.ts";
import { compareConfigurations, parseConfig } from "./parity.ts";
import { readStackFile, withoutPin } from "./pin-file.ts";
import { settingsFile, shortName } from "./preview.ts";
import type { Promotion } from "./promotion.ts";

export interface Verdict {
  passed: boolean;
  says: string;
  /** The way out of a refusal, or what to do although it passed. */
  todo?: string | undefined;
}

/** One condition of a promotion. What it throws as a UserError refuses too. */
export interface Gate {
  name: string;
  check(promotion: Promotion): Promise<Verdict>;
}

const pass = (says: string, todo?: string): Verdict => ({ passed: true, says, todo });
const refuse = (says: string, todo: string): Verdict => ({ passed: false, says, todo });

export const gates: readonly Gate[] = [
  { name: "Deployed", check: isDeployed },
  { name: "Proved", check: isProved },
  { name: "No drift", check: hasNoDrift },
  { name: "No drift there", check: targetHasNoDrift },
  { name: "Committed", check: isCommitted },
  { name: "Same bytes", check: buildsTheSame },
  { name: "Another bot", check: hasAnotherBot },
  { name: "Configuration", check: isConfiguredAlike },
  { name: "Changes", check: changesAreAllowed },
];

async function isDeployed({ from, examination }: Promotion): Promise<Verdict> {
  const { facts, diagnoses } = await examination();
  if (facts.deployed !== undefined) return pass(`${from.stack} runs ${short(facts.deployed.outputs.artifactSha256)}`);
  const broken = diagnoses.find(({ status }) => status === "failed");
  return refuse(broken?.says ?? `${from.stack} is not deployed`, broken?.todo ?? `\`npm run up -- ${from.stack}\``);
}

async function isProved({ from, examination }: Promotion): Promise<Verdict> {
  const { facts, diagnoses } = await examination();
  const again = `\`npm run doctor -- ${from.stack}\` follows the chain; fix it, then promote again.`;
  const broken = diagnoses.filter(({ link, status }) => link !== drift.name && status === "failed");
  if (broken.length > 0) return refuse(`the doctor found ${broken.map(describe).join("; ")}`, broken[0]?.todo ?? again);
  const test = diagnoses.find(({ link }) => link === "Test by LINE");
  if (test?.status !== "ok") return refuse(`LINE's test was not made: ${test?.says ?? "it is unknown"}`, again);
  const { artifactSha256, provenArtifact = artifactSha256 } = facts.deployed?.outputs ?? {};
  if (provenArtifact === artifactSha256) return pass("the doctor finds every link fine, and LINE's own test succeeds");
  return refuse(
    `the last update's proof failed: ${short(artifactSha256)} was deployed, and ${short(provenArtifact)} is what was proved`,
    `\`npm run up -- ${from.stack}\` until it succeeds.`,
  );
}

const describe = ({ link, says }: Diagnosis) => `${link}: ${says}`;

async function hasNoDrift({ from, examination }: Promotion): Promise<Verdict> {
  const { diagnoses } = await examination();
  const found = diagnoses.find(({ link }) => link === drift.name);
  if (found?.status === "ok") return pass(`everything that ${from.stack} deployed is as its state has it`);
  return refuse(found?.says ?? "not looked for", found?.todo ?? `\`npm run refresh -- ${from.stack} --diff\``);
}

async function targetHasNoDrift({ to, deployedTo }: Promotion): Promise<Verdict> {
  if ((await deployedTo()).length === 0) return pass(`${to.stack} has nothing deployed yet`);
  const { status, says, todo = `\`npm run refresh -- ${to.stack}\`` } = await lookForDrift(to);
  return status === "ok" ? pass(`${to.stack}: ${says}`) : refuse(`${to.stack}: ${says}`, todo);
}

async function isCommitted({ to, head }: Promotion): Promise<Verdict> {
  const { commit, dirty } = await head();
  const pinned = `Pulumi.${to.stack}.yaml`;
  const isPinAlone = dirty.includes(pinned) && (await differsByPinAlone(to.stack, pinned));
  const files = dirty.filter((file) => file !== pinned || !isPinAlone);
  if (files.length === 0) return pass(`everything is committed; HEAD is ${commit.slice(0, 8)}`);
  const more = files.length > 5 ? ` and ${files.length - 5} more` : "";
  return refuse(
    `not committed: ${files.slice(0, 5).join(", ")}${more}`,
    `Commit them and deploy that to the stack that is to prove it, or put them away with \`git stash -u\`.`,
  );
}

/** A promotion that was not committed yet is written over. */
async function differsByPinAlone(stack: string, file: string): Promise<boolean> {
  const committed = await tryGit(root, "show", `HEAD:./${file}`);
  return committed !== undefined && withoutPin(committed) === withoutPin(await readStackFile(stack));
}

async function buildsTheSame({ from, built, pin }: Promotion): Promise<Verdict> {
  const [{ sha256 }, { artifact, commit }] = await Promise.all([built(), pin()]);
  if (sha256 === artifact) return pass(`${commit?.slice(0, 8)} builds what ${from.stack} runs, ${short(artifact)}`);
  const clues = await explainOtherBytes(undefined, root);
  return refuse(
    `this clone builds ${short(sha256)}, and ${from.stack} runs ${short(artifact)}`,
    `Check out the commit that ${from.stack} was deployed from, or deploy this one with \`npm run up -- ${from.stack}\`. ` +
      clues.map(({ what, todo }) => `${what} ${todo}`).join(" "),
  );
}

async function hasAnotherBot({ from, to, examination, deployedTo, settings }: Promotion): Promise<Verdict> {
  const { facts } = await examination();
  const [ofFrom, ofTo] = await Promise.all([settings("from"), settings("to")]);
  const [one, other] = await Promise.all([findChannel(from, ofFrom), findChannel(to, ofTo)]);
  const give = `Give ${to.stack} a channel of its own with \`npm run credentials -- ${to.stack}\`.`;
  if (other === undefined) return refuse(`${to.stack} has no channel yet`, give);
  const bot = facts.deployed?.outputs.botUserId;
  const bots = (await deployedTo()).map(({ outputs }) => outputs["botUserId"]);
  const isSame = one === other || (bot !== undefined && (bots.includes(bot) || ofTo.bot === bot));
  if (isSame) return refuse(`${from.stack} and ${to.stack} have one bot, of channel ${other}`, give);
  return pass(`${to.stack} has channel ${other}, and ${from.stack} has ${one}`);
}

/** A channel has one bot, and a bot one channel. */
async function findChannel({ target }: StackPlace, { channelId, credentialsSecret, aws }: StackSettings) {
  if (credentialsSecret === undefined) return channelId;
  const stored = await tryReadSecret({ settings: aws, target }, credentialsSecret);
  return stored === undefined ? undefined : parseCredentials(stored).channelId;
}

async function isConfiguredAlike({ from, to, allow }: Promotion): Promise<Verdict> {
  const [one, other] = await Promise.all(
    [from, to].map(async (place) => ({ stack: place.stack, config: parseConfig(await readSettingsOf(place)) })),
  );
  if (one === undefined || other === undefined) throw new Error("Two stacks have two configurations");
  const { different, contrary, missing } = compareConfigurations(one, other, allow);
  if (missing.length > 0) {
    const todo = `\`pulumi config set <key> <value> -s ${to.stack}\`; the channel's with \`npm run credentials -- ${to.stack}\`.`;
    return refuse(`${to.stack} lacks ${missing.join(", ")}`, todo);
  }
  if (contrary.length === 0) return pass(`differs where it may: ${different.join(", ") || "nowhere"}`);
  const allowed = contrary.map(({ key }) => `--allow ${key}`).join(" ");
  const says = contrary.map((each) => each.says).join("; ");
  return refuse(says, `Make them the same, or say that they are to differ: \`${allowed}\`.`);
}

const readSettingsOf = async (place: StackPlace): Promise<string> =>
  place.pulumi.configFile === undefined ? readStackFile(place.stack) : readFile(settingsFile(place), "utf8");

const replacing = /delete|replace/;

async function changesAreAllowed({ to, allow, built, pin, preview }: Promotion): Promise<Verdict> {
  if ((await built()).sha256 !== (await pin()).artifact)
    return refuse("not previewed: this clone builds other bytes", "See above.");
  const { changes, errors } = await preview();
  const isAllowed = (name: string, urn: string) => allow.has(name) || allow.has(urn);
  const dangerous = changes.filter(({ op, isProtected }) => isProtected && replacing.test(op));
  const refused = dangerous.filter((change) => !isAllowed(shortName(change), change.urn));
  if (refused.length > 0) {
    const flags = refused.map((change) => `--allow ${shortName(change)}`).join(" ");
    const says = `would ${refused.map((change) => `${change.op} ${shortName(change)}`).join(", ")}, which ${to.stack} protects`;
    return refuse(says, `If it is to be so, say it by name: \`${flags}\`.`);
  }
  // Pulumi itself refuses to touch what its state protects: that is reported by the resource's URN.
  const others = errors.filter(({ urn }) => !dangerous.some((change) => change.urn === urn));
  const [error] = dangerous.length > 0 ? others.filter(({ urn }) => urn !== undefined) : others;
  if (error !== undefined) return refuse(`the preview fails: ${error.message}`, `\`npm run preview -- ${to.stack}\``);
  const todo = `Pulumi still protects ${dangerous.map(shortName).join(", ")}: before the deployment, \`pulumi state unprotect <urn> -s ${to.stack}\`.`;
  return pass(`${changes.length} resources would change`, dangerous.length > 0 ? todo : undefined);
}

const short = (sha256 = "nothing"): string => sha256.slice(0, 12);
