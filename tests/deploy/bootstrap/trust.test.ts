import { beforeAll, describe, expect, test } from "vitest";
import { accountId, makeOffline, parseStatements, type State } from "./account.ts";
import { isAllowed, type Statement } from "./iam.ts";

const issuer = "token.actions.githubusercontent.com";

/** What GitHub's token says of a job. */
interface Claims {
  sub: string;
  ref?: string;
  repository_id?: string;
  aud?: string;
}

let resources: State[];
beforeAll(async () => {
  resources = await makeOffline("prod");
}, 300_000);

function canAssume(purpose: "preview" | "deploy", claims: Claims): boolean {
  const role = resources.find(
    ({ type, inputs }) => type === "aws:iam/role:Role" && inputs["name"] === `line-bot-prod-${purpose}`,
  );
  const given = { aud: "sts.amazonaws.com", repository_id: "456789", ref: "refs/heads/main", ...claims };
  const context = Object.fromEntries(Object.entries(given).map(([name, value]) => [`${issuer}:${name}`, value]));
  const trust = parseStatements(role?.inputs["assumeRolePolicy"]);
  return isAllowed(trust, { action: "sts:AssumeRoleWithWebIdentity", context });
}

const plain = "repo:octo-org/line-bot";
const immutable = "repo:octo-org@123456/line-bot@456789";

test("roles are for GitHub's tokens alone", () => {
  const roles = resources.filter(({ type }) => type === "aws:iam/role:Role");
  const principals = roles.flatMap(({ inputs }) =>
    (parseStatements(inputs["assumeRolePolicy"]) as (Statement & { Principal: unknown })[]).map((each) => [
      each.Principal,
      each.Action,
    ]),
  );

  const github = { Federated: `arn:aws:iam::${accountId}:oidc-provider/${issuer}` };
  expect(principals).toEqual([
    [github, "sts:AssumeRoleWithWebIdentity"],
    [github, "sts:AssumeRoleWithWebIdentity"],
  ]);
});

describe.each([
  ["a repository whose subjects are names", plain],
  ["a repository whose subjects have numbers", immutable],
])("%s", (_what, repository) => {
  test("deploys from the stack's environment", () => {
    expect(canAssume("deploy", { sub: `${repository}:environment:prod` })).toBe(true);
  });

  test("previews what is on main, where no reviewer is asked", () => {
    expect(canAssume("preview", { sub: `${repository}:ref:refs/heads/main` })).toBe(true);
  });

  test.each<[string, Claims]>([
    ["another environment", { sub: `${repository}:environment:dev` }],
    ["a pull request", { sub: `${repository}:pull_request`, ref: "refs/pull/7/merge" }],
    ["a branch", { sub: `${repository}:ref:refs/heads/feature`, ref: "refs/heads/feature" }],
    ["a tag", { sub: `${repository}:ref:refs/tags/main`, ref: "refs/tags/main" }],
    ["the environment, on a branch", { sub: `${repository}:environment:prod`, ref: "refs/heads/feature" }],
    ["the repository's name with something after it", { sub: `${repository}-fork:environment:prod` }],
    ["the environment's name with something after it", { sub: `${repository}:environment:prod-2` }],
    ["a repository of that name that is another one", { sub: `${repository}:environment:prod`, repository_id: "999" }],
    ["a token for somebody else", { sub: `${repository}:environment:prod`, aud: "https://github.com/octo-org" }],
  ])("deploys not by %s", (_from, claims) => {
    expect(canAssume("deploy", claims)).toBe(false);
  });

  test.each<[string, Claims]>([
    ["a pull request", { sub: `${repository}:pull_request`, ref: "refs/pull/7/merge" }],
    ["a branch", { sub: `${repository}:ref:refs/heads/feature`, ref: "refs/heads/feature" }],
    [
      "a repository of that name that is another one",
      { sub: `${repository}:ref:refs/heads/main`, repository_id: "999" },
    ],
  ])("previews not by %s: its code could send away what it reads", (_from, claims) => {
    expect(canAssume("preview", claims)).toBe(false);
  });
});

test("another owner's repository gets nothing", () => {
  for (const sub of ["repo:mallory/line-bot:environment:prod", "repo:octo-org@666/line-bot@456789:environment:prod"]) {
    expect(canAssume("deploy", { sub })).toBe(false);
  }
});
