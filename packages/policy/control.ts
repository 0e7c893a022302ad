import { type AnyResource, isOfType, type Props, type Resource, type ResourceType } from "./resources.ts";

export type Area = "Lambda" | "HTTP API" | "Secrets Manager" | "IAM" | "SQS" | "DynamoDB" | "CloudWatch" | "SNS";

interface About {
  /** Also the name of the policy in the pack. */
  id: string;
  area: Area;
  /** What holds, in one sentence without a full stop. */
  title: string;
  /** What scanners call it. Empty: none does. */
  scanners: string[];
  /** Where it holds, if not in every stack. */
  where?: "stacks with line-bot:protect";
}

export interface Violation {
  /** What to do. Never a value that could be secret. */
  message: string;
  /** `undefined` if it is about what is not there. */
  urn: string | undefined;
}

/** About one resource by itself: a deployment is stopped before that is made. */
export interface ResourceControl extends About {
  applies: (resource: AnyResource) => boolean;
  /** What is wrong with a resource that it applies to. */
  check: (resource: AnyResource) => string[];
}

/** About how resources stand to each other. */
export interface StackControl extends About {
  checkStack: (stack: AnyResource[]) => Violation[];
}

export type Control = ResourceControl | StackControl;

/** A control over each resource of some types. */
export function forEach<T extends ResourceType>(
  about: About,
  types: T | T[],
  check: (props: Props<T>, resource: Resource<T>) => string[],
): ResourceControl {
  const wanted = [types].flat() as T[];
  return {
    ...about,
    applies: (resource) => isOfType(resource, ...wanted),
    check: (resource) => (isOfType(resource, ...wanted) ? check(resource.props, resource) : []),
  };
}

/** A control that keeps types out of the stack. */
export function without(about: About, types: string[], advice: string): ResourceControl {
  const applies = ({ type }: AnyResource) => types.includes(type);
  return { ...about, applies, check: (resource) => (applies(resource) ? [advice] : []) };
}

/** A control over the whole stack. */
export const forStack = (about: About, checkStack: StackControl["checkStack"]): StackControl => ({
  ...about,
  checkStack,
});

/** A control over the whole stack, where the stack asks to be protected. */
export const forProtectedStack = (
  about: Omit<About, "where">,
  checkStack: StackControl["checkStack"],
): StackControl => ({
  ...about,
  where: "stacks with line-bot:protect",
  checkStack: (stack) => (stack.some(({ protect }) => protect) ? checkStack(stack) : []),
});

/** The resource's name stands before the advice: a stack has several of a type. */
export const violation = ({ name, urn }: { name: string; urn: string }, advice: string): Violation => ({
  message: `${name}: ${advice}`,
  urn,
});

/** The advice, unless the condition holds. */
export const unless = (holds: boolean, advice: string): string[] => (holds ? [] : [advice]);
