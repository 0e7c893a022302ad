import type { StackResources } from "@pulumi-line-bot/policy/controls";
import type { AnyResource } from "@pulumi-line-bot/policy/resources";

/** The end of a type: `lambda/function:Function` is enough. */
type ShortType = string;
type Props = Record<string, unknown>;

/** What is changed in the JSON of a property: a policy's statements, a queue's way out. */
interface Document {
  Statement: Statement[];
  maxReceiveCount?: number;
}

export interface Statement {
  Effect: string;
  Principal?: unknown;
  Action?: string | string[];
  NotAction?: string;
  Resource?: string | string[];
}

/** The stack as `line-bot:protect` makes it. */
export const toProtected = (resource: AnyResource): AnyResource => ({ ...resource, protect: true });

/** A copy of a stack to take something out of. */
export interface MutableStack {
  resources: StackResources;
  /** Overwrites properties, as inputs and as outputs. Undefined takes one away. */
  set(type: ShortType, name: string, props: Props): void;
  /** Rewrites a JSON document in one of the properties. */
  edit(type: ShortType, name: string, key: string, rewrite: (document: Document) => void): void;
  add(type: ShortType, props?: Props): void;
  remove(type: ShortType, name: string): void;
  /** A property once the resource is made. */
  get(type: ShortType, name: string, key: string): string;
}

export function toMutable(original: StackResources): MutableStack {
  const resources = structuredClone(original);
  const both = [resources.inputs, resources.outputs];
  const is = (type: ShortType, name: string) => (resource: AnyResource) =>
    resource.type.endsWith(type) && resource.name === name;
  const find = (within: AnyResource[], type: ShortType, name: string) => {
    const found = within.find(is(type, name));
    if (found === undefined) throw new Error(`The stack has no ${type} ${name}`);
    return found.props;
  };
  return {
    resources,
    set: (type, name, props) => both.forEach((within) => Object.assign(find(within, type, name), props)),
    edit: (type, name, key, rewrite) =>
      both.forEach((within) => {
        const props = find(within, type, name);
        const document = JSON.parse(String(props[key])) as Document;
        rewrite(document);
        props[key] = JSON.stringify(document);
      }),
    add: (type, props = {}) =>
      both.forEach((within) =>
        within.push({
          type: `aws:${type}`,
          name: "added",
          urn: `urn:added:${type}`,
          props: { ...props },
          protect: false,
        }),
      ),
    remove(type, name) {
      for (const within of both) {
        find(within, type, name);
        within.splice(within.findIndex(is(type, name)), 1);
      }
    },
    get: (type, name, key) => String(find(resources.outputs, type, name)[key]),
  };
}
