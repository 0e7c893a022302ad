import { type Control, forEach, forStack, unless, violation } from "../control.ts";
import { checkNotPublic } from "../policy-document.ts";
import { allOfType, type AnyResource } from "../resources.ts";
import { findSecretLike } from "../secret-like.ts";

const longestWindowDays = 30;

export const secretsManagerControls: Control[] = [
  forEach(
    {
      id: "secret-not-public",
      area: "Secrets Manager",
      title: "No policy of the secret's own opens it to everybody",
      scanners: [
        "prowler secretsmanager_not_publicly_accessible",
        "prowler secretsmanager_has_restrictive_resource_policy",
      ],
    },
    ["aws:secretsmanager/secret:Secret", "aws:secretsmanager/secretPolicy:SecretPolicy"],
    ({ policy }) => checkNotPublic(policy),
  ),
  forEach(
    {
      id: "secret-recovery-window",
      area: "Secrets Manager",
      title: "How long a destroyed secret can be had back is said; 30 days where the stack is protected",
      scanners: [],
    },
    "aws:secretsmanager/secret:Secret",
    ({ recoveryWindowInDays: days }, { protect }) => [
      ...unless(days !== undefined, "set `recoveryWindowInDays`"),
      ...unless(
        !protect || days === undefined || days === longestWindowDays,
        `set line-bot:secretRecoveryDays to ${longestWindowDays} in a protected stack`,
      ),
    ],
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
        const text = JSON.stringify(resource.props);
        const kind = isStack(resource) ? findSecretLike(text) : undefined;
        const isFound = secrets.some((secret) => text.includes(secret)) || kind !== undefined;
        return isFound
          ? [violation(resource, `take ${kind ?? "a value of the secret"} out of it, and pass the secret's ARN`)]
          : [];
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
    return texts(secretString);
  }
}

const isStack = ({ type }: AnyResource): boolean => type === "pulumi:pulumi:Stack";

/** Providers hold the stack's configuration, encrypted in state, and the version is where the secret belongs. */
const isShown = ({ type }: AnyResource): boolean =>
  !type.startsWith("pulumi:providers:") && type !== "aws:secretsmanager/secretVersion:SecretVersion";
