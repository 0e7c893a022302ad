import * as pulumi from "@pulumi/pulumi";
import * as v from "valibot";
import { partitionOf } from "@pulumi-line-bot/kit/partition";
import { sharable } from "./sharable.ts";

const digits = (what: string) => v.pipe(v.string(), v.regex(/^\d+$/, what));
const list = <T extends v.GenericSchema<unknown, unknown>>(item: T) =>
  v.pipe(v.string(), v.parseJson(undefined, "a list"), v.array(item));

/** How the value of each key looks, in the words of an error message. */
const keys = {
  /** Whose workflows may take the roles. */
  "line-bot-account:repository": v.pipe(
    v.string(),
    v.regex(/^[A-Za-z0-9-]+\/[A-Za-z0-9._-]+$/, "a repository, such as octo-org/line-bot"),
  ),
  "line-bot-account:repositoryId": digits("the repository's number, which its name does not tell"),
  "line-bot-account:ownerId": digits("the number of the repository's owner"),
  /** The name of the bot's own Pulumi project. */
  "line-bot-account:project": v.pipe(v.string(), v.regex(/^[a-z0-9-]+$/, "the name of a Pulumi project")),
  /** What the names of all that the bot's program makes begin with. */
  "line-bot-account:prefix": v.pipe(v.string(), v.regex(/^[a-z][a-z0-9]*$/, "the start of a name")),
  "line-bot-account:existing": v.optional(list(v.picklist(sharable, `of ${sharable.join(", ")}`)), "[]"),
  /** The ARN of a secret in Secrets Manager that somebody else fills, where there is one. */
  "line-bot-account:credentialsSecret": v.optional(v.pipe(v.string(), v.startsWith("arn:", "the ARN of a secret"))),
  /** The ARN of a KMS key of one's own that encrypts the bot's secret, where there is one. */
  "line-bot-account:credentialsKey": v.optional(v.pipe(v.string(), v.startsWith("arn:", "the ARN of a key"))),
  /** Against a destroy that takes every stack's state with it. */
  "line-bot-account:protect": v.optional(v.picklist(["true", "false"], "true or false"), "true"),
  "aws:region": v.string("the name of a region"),
  "aws:allowedAccountIds": v.pipe(list(digits("an account ID")), v.length(1, "one account ID")),
};
const schema = v.object(keys);

export interface Account {
  id: string;
  region: string;
  partition: string;
}

export interface AccountConfig {
  account: Account;
  /** The bot's stack, which is this one's name too. */
  stack: string;
  project: string;
  prefix: string;
  repository: { name: string; id: string; ownerId: string };
  existing: readonly (typeof sharable)[number][];
  credentialsSecret: string | undefined;
  credentialsKey: string | undefined;
  protect: boolean;
}

/** @throws {pulumi.RunError} naming each key that is missing or wrong. */
export function readAccountConfig(): AccountConfig {
  const values = Object.fromEntries(
    Object.keys(keys).flatMap((key) => {
      const [namespace = "", name = ""] = key.split(":");
      const value = new pulumi.Config(namespace).get(name);
      return value === undefined ? [] : [[key, value]];
    }),
  );
  const parsed = v.safeParse(schema, values);
  if (!parsed.success) {
    const problems = parsed.issues.map((issue) => `${String(issue.path?.[0]?.key)} has to be ${issue.message}`);
    throw new pulumi.RunError(
      [
        `The configuration of stack ${pulumi.getStack()} needs a change; \`npm run bootstrap\` writes it:`,
        ...problems,
      ].join("\n  - "),
    );
  }
  const of = parsed.output;
  const region = of["aws:region"];
  return {
    account: { id: of["aws:allowedAccountIds"][0] ?? "", region, partition: partitionOf(region) },
    stack: pulumi.getStack(),
    project: of["line-bot-account:project"],
    prefix: of["line-bot-account:prefix"],
    repository: {
      name: of["line-bot-account:repository"],
      id: of["line-bot-account:repositoryId"],
      ownerId: of["line-bot-account:ownerId"],
    },
    existing: of["line-bot-account:existing"],
    credentialsSecret: of["line-bot-account:credentialsSecret"],
    credentialsKey: of["line-bot-account:credentialsKey"],
    protect: of["line-bot-account:protect"] === "true",
  };
}
