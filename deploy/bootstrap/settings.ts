/** What the account's program is configured with: from the command line, the stack's own file, git and GitHub. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import * as v from "valibot";
import { type Document, parseDocument } from "yaml";
import { tryGit } from "@pulumi-line-bot/kit/git";
import { messageOf } from "@pulumi-line-bot/kit/message-of";
import { sharable } from "../../infra/account/sharable.ts";
import { UserError } from "@pulumi-line-bot/kit/user-error";
import { openGithub, readPlace } from "../ci/github.ts";
import { root } from "../local-stack.ts";

export interface Given {
  stack: string;
  account?: string | undefined;
  repository?: string | undefined;
  "repository-id"?: string | undefined;
  "owner-id"?: string | undefined;
  existing?: string[] | undefined;
}

export interface AccountSettings {
  stack: string;
  account: string;
  region: string;
  repository: string;
  repositoryId: string;
  ownerId: string;
  existing: string[];
  credentialsSecret: string | undefined;
  credentialsKey?: string | undefined;
  /** The name of the bot's own Pulumi project. */
  project: string;
}

const namespace = "line-bot-account";
/** `infra/index.ts` names its one component so, and all resources begin with its name. */
const prefix = "bot";

export const accountProgram = path.join(root, "infra", "account");
export const accountFile = (stack: string) => path.join(accountProgram, `Pulumi.${stack}.yaml`);

/** @throws {UserError} for what is missing everywhere, with how to give it. */
export async function findSettings(given: Given): Promise<AccountSettings> {
  const { stack } = given;
  const [project, own, former] = await Promise.all([
    readYaml(path.join(root, "Pulumi.yaml")),
    readYaml(path.join(root, `Pulumi.${stack}.yaml`)),
    readYaml(accountFile(stack)),
  ]);
  if (former === undefined) refuseOverlap(stack);
  const again = (key: string) => textAt(former, `${namespace}:${key}`);
  const allowed = textAt(own, "aws:allowedAccountIds", 0);
  const account = given.account ?? allowed ?? textAt(former, "aws:allowedAccountIds", 0);
  if (allowed !== undefined && account !== allowed) {
    throw new UserError(
      `Pulumi.${stack}.yaml allows stack ${stack} the account ${allowed} alone (aws:allowedAccountIds), not ${account}.`,
    );
  }
  if (account === undefined || !/^\d{12}$/.test(account)) {
    throw new UserError(
      `Which AWS account is stack ${stack} to be in? Its number has twelve digits: ` +
        `npm run bootstrap -- ${stack} --account 123456789012`,
    );
  }
  const region = textAt(own, "aws:region");
  if (region === undefined) throw new UserError(`aws:region is not set in Pulumi.${stack}.yaml: write it there first.`);
  const repository = given.repository ?? again("repository") ?? (await repositoryOfOrigin());
  // Another name may be another repository, or the same with another owner.
  const isSame = repository === again("repository");
  const ids = {
    repositoryId: given["repository-id"] ?? (isSame ? again("repositoryId") : undefined),
    ownerId: given["owner-id"] ?? (isSame ? again("ownerId") : undefined),
  };
  return {
    stack,
    account,
    region,
    repository,
    ...(await completeIds(repository, ids)),
    existing: parseExisting(given.existing ?? JSON.parse(again("existing") ?? "[]")),
    credentialsSecret: textAt(own, "line:credentialsSecret"),
    credentialsKey: textAt(own, "line:credentialsKey"),
    project: String(project?.get("name")),
  };
}

/**
 * A stack's roles may act on what is named `<project>-<stack>-<prefix>-*`: on all of a stack `prod-bot`, for the roles
 * of `prod`, but for its tag. The stack that has its roles already keeps them.
 */
function refuseOverlap(stack: string): void {
  const [, shorter] = new RegExp(`^(.+?)-${prefix}(-|$)`).exec(stack) ?? [];
  if (shorter === undefined) return;
  throw new UserError(
    `The roles of a stack ${shorter} could reach what is of stack ${stack}: their names begin alike. ` +
      `Choose a name without "-${prefix}", as in: npm run bootstrap -- ${stack.replaceAll(`-${prefix}`, "")}-2`,
  );
}

/** Writes them into the account program's file for the stack, and leaves what else is in it. */
export async function toStackFile(settings: AccountSettings): Promise<string> {
  const file = (await readYaml(accountFile(settings.stack))) ?? parseDocument("");
  const values: Record<string, unknown> = {
    "aws:region": settings.region,
    "aws:allowedAccountIds": [settings.account],
    "aws:defaultTags": { tags: { Project: settings.project } },
    [`${namespace}:project`]: settings.project,
    [`${namespace}:prefix`]: prefix,
    [`${namespace}:repository`]: settings.repository,
    [`${namespace}:repositoryId`]: settings.repositoryId,
    [`${namespace}:ownerId`]: settings.ownerId,
    [`${namespace}:existing`]: JSON.stringify(settings.existing),
    [`${namespace}:credentialsSecret`]: settings.credentialsSecret,
    [`${namespace}:credentialsKey`]: settings.credentialsKey,
  };
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) file.deleteIn(["config", key]);
    else file.setIn(["config", key], file.createNode(value));
  }
  return String(file);
}

async function readYaml(file: string): Promise<Document | undefined> {
  try {
    return parseDocument(await readFile(file, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function textAt(document: Document | undefined, key: string, index?: number): string | undefined {
  const value = document?.getIn(index === undefined ? ["config", key] : ["config", key, index]);
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? value : undefined;
}

function parseExisting(names: string[]): string[] {
  const other = names.find((name) => !sharable.some((known) => known === name));
  if (other === undefined) return names;
  throw new UserError(`--existing takes ${sharable.join(" or ")}, not ${JSON.stringify(other)}`);
}

async function repositoryOfOrigin(): Promise<string> {
  const url = (await tryGit(root, "remote", "get-url", "origin"))?.trim() ?? "";
  const [, name] = /[/:]([^/:]+\/[^/]+?)(?:\.git)?$/.exec(url) ?? [];
  if (name !== undefined) return name;
  throw new UserError(
    "Whose workflows are to deploy? Say so with --repository <owner>/<name>: git has no remote `origin`.",
  );
}

const repositoryAnswer = v.object({ id: v.number(), owner: v.object({ id: v.number() }) });

/** GitHub tells those of a public repository to everybody. */
async function completeIds(
  repository: string,
  { repositoryId, ownerId }: { repositoryId: string | undefined; ownerId: string | undefined },
): Promise<{ repositoryId: string; ownerId: string }> {
  if (repositoryId !== undefined && ownerId !== undefined) return { repositoryId, ownerId };
  try {
    const github = openGithub({ ...readPlace(process.env), tries: 1 });
    const { id, owner } = await github.send("GET", `/repos/${repository}`, repositoryAnswer);
    return { repositoryId: repositoryId ?? String(id), ownerId: ownerId ?? String(owner.id) };
  } catch (error) {
    throw new UserError(
      `The numbers of ${repository} and its owner, which the roles' trust names, could not be asked of GitHub ` +
        `(${messageOf(error)}). ` +
        `Set GH_TOKEN (\`gh auth token\`) for a private repository, or give both: ` +
        `\`gh api repos/${repository} --jq '"--repository-id \\(.id) --owner-id \\(.owner.id)"'\``,
      { cause: error },
    );
  }
}
