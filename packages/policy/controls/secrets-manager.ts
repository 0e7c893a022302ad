import { type Control, forEach, forStack, unless, violation } from "../control.ts";
import { checkNotPublic } from "../policy-document.ts";
import { allOfType, type AnyResource } from "../resources.ts";
import { findSecretLike } from "../secret-like.ts";

/** Also the default. */
const longestWindowDays = 30;

export const secretsManagerControls: Control[] = [
  forEach(
    {
      id: "secret-not-public",
      area: "Secrets Manager",
      title: "No policy of the secret's own opens it to everybody",
      scanners: ["prowler secretsmanager_not_publicly_accessible"],
    },
    ["aws:secretsmanager/secret:Secret", "aws:secretsmanager/secretPolicy:SecretPolicy"],
    ({ policy }) => checkNotPublic(policy),
  ),
  forEach(
    {
      id: "secret-recovery-window",
      area: "Secrets Manager",
      title: `A destroyed secret can be had back for ${longestWindowDays} days`,
      scanners: [],
      where: "stacks with line-bot:protect",
    },
    "aws:secretsmanager/secret:Secret",
    ({ recoveryWindowInDays = longestWindowDays }, { protect }) =>
      unless(
        !protect || recoveryWindowInDays === longestWindowDays,
        `set line-bot:secretRecoveryDays to ${longestWindowDays}`,
      ),
  ),
  forStack(
    {
      id: "secret-nowhere-else",
      area: "Secrets Manager",
      title: "What is in the secret stands nowhere else: in no other resource, in no output of the stack",
      scanners: ["CKV_AWS_45", "prowler awslambda_function_no_secrets_in_code"],
    },
    (stack) => {
      const secrets = allOfType(stack, "aws:secretsmanager/secretVersion:SecretVersion").flatMap(({ props }) =>
        secretsIn(props.secretString),
      );
      return stack.filter(isShown).flatMap((resource) => {
        const found = whatIsShown(resource, secrets);
        return found === undefined ? [] : [violation(resource, `take ${found} out of it, and pass the secret's ARN`)];
      });
    },
  ),
];

/** Long enough not to be found by chance: a channel's id is no secret. */
const shortestSecret = 16;

/** The texts in a secret's JSON; a secret that is none, whole. */
function secretsIn(secretString = "{}"): string[] {
  const texts = (value: unknown): string[] => {
    if (typeof value === "string") return value.length < shortestSecret ? [] : [value];
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [];
  };
  try {
    return texts(JSON.parse(secretString));
  } catch {
    // Not JSON: the functions refuse it, and it is a secret all the same.
    return texts(secretString);
  }
}

/** The outputs are what people and pipelines print: there, what only looks like a secret is too much. */
function whatIsShown({ type, props }: AnyResource, secrets: string[]): string | undefined {
  const text = JSON.stringify(props);
  if (secrets.some((secret) => text.includes(secret))) return "what the secret holds";
  const kind = type === "pulumi:pulumi:Stack" ? findSecretLike(text) : undefined;
  return kind && `what looks like ${kind}`;
}

/** Providers hold the stack's configuration, encrypted in state, and the version is where the secret belongs. */
const isShown = ({ type }: AnyResource): boolean =>
  !type.startsWith("pulumi:providers:") && type !== "aws:secretsmanager/secretVersion:SecretVersion";
