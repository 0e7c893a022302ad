/** The provider of package `pulumi`, which is the engine itself: stack references, stashes, resource look-ups. */
import { randomUUID } from "node:crypto";
import type {
  CheckFailure,
  DiffResult,
  PropertyMap,
  PropertyValue,
  Provider,
  UnconfiguredProvider,
} from "../../contracts/contracts.ts";
import type { Deployment } from "../deployment.ts";
import { CHANGED, replacedBecauseOf, UNCHANGED } from "../plan/diff-resource.ts";
import { containsSecrets, equal } from "../../values/properties.ts";
import { parseUrn } from "../../values/urn.ts";

const STACK_REFERENCE = "pulumi:pulumi:StackReference";
const STASH = "pulumi:index:Stash";

export function createBuiltinProvider(deployment: Deployment): UnconfiguredProvider {
  return {
    checkConfig: (_urn, _olds, news) => Promise.resolve({ inputs: news, failures: [] }),
    diffConfig: () => Promise.resolve(UNCHANGED),
    configure: () => Promise.resolve(createProvider(deployment)),
  };
}

/** The one input of each type. */
const INPUT: Record<string, string> = { [STACK_REFERENCE]: "name", [STASH]: "input" };

function createProvider(deployment: Deployment): Provider {
  return {
    supportsPreview: true,
    check: ({ urn, news }) => Promise.resolve({ inputs: news, failures: checkInputs(news, inputOf(urn)) }),
    diff: ({ urn, oldInputs, news }) => Promise.resolve(diff(inputOf(urn), oldInputs, news)),
    create: async ({ urn, news, preview }) => {
      const id = preview ? "" : randomUUID();
      if (parseUrn(urn).type === STACK_REFERENCE) return { id, outputs: await readStack(deployment, news) };
      return { id, outputs: { input: news["input"] ?? null, output: news["input"] ?? null } };
    },
    update: ({ news, oldOutputs }) =>
      Promise.resolve({ outputs: { input: news["input"] ?? null, output: oldOutputs["output"] ?? null } }),
    read: async ({ urn, id, inputs, outputs }) => {
      if (Object.keys(inputs).length === 0) throw new Error(`${parseUrn(urn).type} can not be imported`);
      const isReference = parseUrn(urn).type === STACK_REFERENCE;
      return { id, inputs, outputs: isReference ? await readStack(deployment, inputs) : outputs };
    },
    delete: () => Promise.resolve(),
    invoke: async ({ token, args }) => ({ result: await invoke(deployment, token, args), failures: [] }),
  };
}

function inputOf(urn: string): string {
  const { type } = parseUrn(urn);
  const input = INPUT[type];
  if (input === undefined) throw new Error(`unrecognized resource type '${type}'`);
  return input;
}

function checkInputs(news: PropertyMap, input: string): CheckFailure[] {
  const unknown = Object.keys(news).find((key) => key !== input);
  if (unknown !== undefined) return [{ property: unknown, reason: `unknown property "${unknown}"` }];
  return news[input] === undefined ? [{ property: input, reason: `missing required property "${input}"` }] : [];
}

function diff(input: string, olds: PropertyMap, news: PropertyMap): DiffResult {
  if (equal(olds[input], news[input])) return UNCHANGED;
  return input === "name" ? replacedBecauseOf("name") : { ...CHANGED, diffs: [input] };
}

async function readStack(deployment: Deployment, inputs: PropertyMap): Promise<PropertyMap> {
  const name = inputs["name"];
  if (typeof name !== "string") throw new Error("a stack reference needs the name of a stack");
  const read = deployment.operation.readStackOutputs;
  if (!read) throw new Error(`the outputs of stack '${name}' cannot be read here`);
  const outputs = await read(name);
  const secretOutputNames = Object.keys(outputs)
    .filter((key) => containsSecrets(outputs[key]))
    .toSorted();
  return { name, outputs, secretOutputNames };
}

async function invoke(deployment: Deployment, token: string, args: PropertyMap): Promise<PropertyMap> {
  if (token === "pulumi:pulumi:readStackOutputs") return await readStack(deployment, args);
  if (token === "pulumi:pulumi:getResource") return findResource(deployment, args["urn"]);
  throw new Error(`unrecognized function name: '${token}'`);
}

function findResource(deployment: Deployment, urn: PropertyValue | undefined): PropertyMap {
  if (typeof urn !== "string") throw new Error("a resource is looked up by its URN");
  const state = (deployment.reads.get(urn) ?? deployment.news.get(urn))?.state;
  if (!state) throw new Error(`unknown resource ${urn}`);
  return { urn: state.urn, id: state.id ?? "", state: state.outputs ?? {} };
}
