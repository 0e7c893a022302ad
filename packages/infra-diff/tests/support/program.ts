/**
 * Programs as data: resources by `<type> <name>`, whose texts may name another one's output as in `${Queue events.arn}`.
 * They run through the real engine, against the same providers as a program of its own process.
 */
import type { Monitor, PropertyMap, PropertyValue, Source } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";
import { secret } from "@pulumi-line-bot/pulumi-engine/values/properties";

export interface Declared {
  type: string;
  /** An object under `json` becomes JSON text, one under `secret` a secret. */
  inputs: PropertyMap;
  protect?: boolean;
  aliases?: { name?: string; noParent?: boolean }[];
  /** The component that it is below; the bot's if it is not said. */
  parent?: string;
}

export interface DeclaredProgram {
  /** Resources by the name in the program; the noun before it only tells apart what has one name. */
  resources: Record<string, Declared>;
  outputs: PropertyMap;
}

interface Made {
  urn: string;
  outputs: PropertyMap;
}

const component = "bot:index:Bot";

export function sourceOf({ resources, outputs }: DeclaredProgram, project: string, stack: string): Source {
  return {
    async run(monitor) {
      const root = await register(monitor, { type: "pulumi:pulumi:Stack", name: `${project}-${stack}`, custom: false });
      const parents = new Map<string, string>();
      const parentOf = async (name: string): Promise<string> => {
        const known = parents.get(name);
        if (known !== undefined) return known;
        const { urn } = await register(monitor, { type: component, name, custom: false, parent: root.urn });
        parents.set(name, urn);
        return urn;
      };
      const made = new Map<string, Made>();
      for (const [key, { type, inputs, parent = "bot", ...options }] of Object.entries(resources)) {
        const { value, dependencies } = resolve(inputs, made);
        made.set(
          key,
          await register(monitor, {
            type,
            name: key.slice(key.indexOf(" ") + 1),
            custom: true,
            inputs: value,
            parent: parent === "" ? root.urn : await parentOf(parent),
            propertyDependencies: dependencies,
            dependencies: [...new Set(Object.values(dependencies).flat())],
            ...options,
          }),
        );
      }
      await monitor.registerResourceOutputs(root.urn, resolve(outputs, made).value);
    },
  };
}

type Request = Partial<Parameters<Monitor["registerResource"]>[0]> & { type: string; name: string; custom: boolean };

async function register(monitor: Monitor, request: Request): Promise<Made> {
  return monitor.registerResource({
    inputs: {},
    remote: false,
    dependencies: [],
    propertyDependencies: {},
    providers: {},
    ignoreChanges: [],
    replaceOnChanges: [],
    replaceWith: [],
    aliases: [],
    additionalSecretOutputs: [],
    supportsResultReporting: true,
    ...request,
  });
}

function resolve(inputs: PropertyMap, made: Map<string, Made>) {
  const dependencies: Record<string, string[]> = {};
  const value: PropertyMap = Object.fromEntries(
    Object.entries(inputs).map(([key, input]) => {
      const found = new Set<string>();
      const resolved = resolveValue(input, made, found);
      if (found.size > 0) dependencies[key] = [...found];
      return [key, resolved];
    }),
  );
  return { value, dependencies };
}

function resolveValue(value: PropertyValue, made: Map<string, Made>, found: Set<string>): PropertyValue {
  const inner = (item: PropertyValue): PropertyValue => resolveValue(item, made, found);
  if (Array.isArray(value)) return value.map(inner);
  if (typeof value === "string") return resolveText(value, made, found);
  if (typeof value !== "object" || value === null) return value;
  const { json, secret: hidden } = value;
  if (json !== undefined) return JSON.stringify(inner(json));
  if (hidden !== undefined) return secret(inner(hidden));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inner(item)]));
}

function resolveText(text: string, made: Map<string, Made>, found: Set<string>): PropertyValue {
  const output = (key: string, name: string): PropertyValue => {
    const from = made.get(key);
    if (from === undefined) throw new Error(`${key} is used before it is declared`);
    found.add(from.urn);
    return from.outputs[name] ?? null;
  };
  const [whole, key = "", name = ""] = /^\$\{([^}]+)\.(\w+)\}$/.exec(text) ?? [];
  if (whole !== undefined) return output(key, name);
  return text.replaceAll(/\$\{([^}]+)\.(\w+)\}/g, (_, from: string, property: string) =>
    textOf(output(from, property)),
  );
}

const textOf = (value: PropertyValue): string => (typeof value === "string" ? value : JSON.stringify(value));
