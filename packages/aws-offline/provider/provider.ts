import type { HasSecrets } from "../secretsmanager/secrets.ts";
import type { HasAccountId } from "../account-id.ts";
import type { Cloud, Resource, ResourceType } from "../cloud.ts";
import type { Attributes, Change } from "@pulumi-line-bot/aws-resources/attributes";
import { ServiceError } from "../errors.ts";
import { check, type Checked } from "@pulumi-line-bot/aws-resources/check";
import {
  checkConfig,
  refuseAccount,
  toProviderConfig,
  type ConfigProblem,
  type ProviderConfig,
} from "@pulumi-line-bot/aws-resources/config";
import { diff, type Diff } from "@pulumi-line-bot/aws-resources/diff";
import { previewCreate, previewUpdate, toWanted, withoutWriteOnly } from "@pulumi-line-bot/aws-resources/outputs";
import type { NamingRequest } from "@pulumi-line-bot/aws-resources/naming";
import { tryFindSchema, type TypeSchema } from "@pulumi-line-bot/aws-resources/schema";

export type Functions<World = HasAccountId & HasSecrets> = Record<
  string,
  (args: Attributes, config: ProviderConfig, cloud: World) => Attributes
>;

export interface Named {
  /** Type token, such as `aws:iam/role:Role`. */
  token: string;
  /** Logical name, for messages. */
  name: string;
}

/** The provider's words without their transport: what to check, diff and do for one resource. */
export class Provider {
  readonly #cloud: Cloud;
  readonly #types: ReadonlyMap<string, ResourceType>;
  readonly #functions: Functions;
  readonly #defaultRegion: string | undefined;
  #config: ProviderConfig | undefined;

  constructor(parts: { cloud: Cloud; types: ResourceType[]; functions: Functions; region?: string | undefined }) {
    this.#cloud = parts.cloud;
    this.#types = new Map(parts.types.map((type) => [type.token, type]));
    this.#functions = parts.functions;
    this.#defaultRegion = parts.region;
  }

  checkConfig(news: Attributes): ConfigProblem[] {
    return checkConfig(news);
  }

  configure(args: Attributes): void {
    const config = toProviderConfig(args, { region: this.#defaultRegion });
    refuseAccount(config, this.#cloud.accountId);
    this.#config = config;
  }

  check({ token }: Named, olds: Attributes, news: Attributes, request: NamingRequest): Checked {
    return check(findSchema(token), olds, news, this.#configured(), request);
  }

  diff({ token }: Named, olds: Attributes, news: Attributes, ignoreChanges: readonly string[]): Diff {
    return diff(findSchema(token), this.#find(token), olds, news, ignoreChanges);
  }

  async create(named: Named, inputs: Attributes, preview: boolean): Promise<Resource> {
    const schema = findSchema(named.token);
    const type = this.#find(named.token);
    const wanted = toWanted(schema, inputs);
    type.validate?.(wanted);
    if (preview) return { id: "", attributes: previewCreate(schema, wanted) };
    return toAnswer(schema, await this.#change(named, "creating", () => type.create(wanted, this.#cloud)));
  }

  read(named: Named, id: string, known: Attributes): Resource | undefined {
    const type = this.#find(named.token);
    const isImport = Object.keys(known).length === 0;
    const wanted = (isImport && type.fromImportId?.(id)) || { id, attributes: known };
    const found = type.read(wanted.id, wanted.attributes, this.#cloud);
    return found && toAnswer(findSchema(named.token), found);
  }

  async update(
    named: Named,
    at: { id: string; olds: Attributes; news: Attributes; ignoreChanges: readonly string[]; preview: boolean },
  ): Promise<Attributes> {
    const schema = findSchema(named.token);
    const type = this.#find(named.token);
    const { changed } = diff(schema, type, at.olds, at.news, at.ignoreChanges);
    const news = keepIgnored(toWanted(schema, at.news), at.olds, at.ignoreChanges);
    const change: Change = { olds: at.olds, news, changed: new Set(changed) };
    if (at.preview) return previewUpdate(schema, type, change);
    const attributes = await this.#change(named, "updating", () => type.update(at.id, change, this.#cloud));
    return toAnswer(schema, { id: at.id, attributes }).attributes;
  }

  async delete(named: Named, id: string, known: Attributes): Promise<void> {
    const type = this.#find(named.token);
    await this.#change(named, "deleting", () => type.delete(id, known, this.#cloud));
  }

  /** Done whole, or not at all: a disk that is full half-way leaves the account as it was. */
  #change<T>(named: Named, verb: "creating" | "updating" | "deleting", call: () => Promise<T> | T): Promise<T> {
    return told(named, verb, () => this.#cloud.store.change(call));
  }

  invoke(token: string, args: Attributes): Attributes {
    const run = this.#functions[token];
    if (!run) throw new Error(`The offline AWS has no function ${token}.`);
    return run(args, this.#configured(), this.#cloud);
  }

  #find(token: string): ResourceType {
    const type = this.#types.get(token);
    if (!type)
      throw new Error(
        `The offline AWS cannot make ${token}: nothing behind it is simulated. Leave it out of this stack.`,
      );
    return type;
  }

  #configured(): ProviderConfig {
    if (!this.#config) throw new Error("The provider was not configured.");
    return this.#config;
  }
}

function findSchema(token: string): TypeSchema {
  const schema = tryFindSchema(token);
  if (!schema) throw new Error(`unrecognized resource type ${token}: the offline AWS does not know it`);
  return schema;
}

function toAnswer(schema: TypeSchema, { id, attributes }: Resource): Resource {
  return { id, attributes: { ...withoutWriteOnly(schema, attributes), id } };
}

/** Whole properties only: what a nested path ignores is in the news already, put back by the engine. */
function keepIgnored(news: Attributes, olds: Attributes, ignoreChanges: readonly string[]): Attributes {
  const ignored = ignoreChanges.filter((path) => /^\w+$/.test(path));
  return { ...news, ...Object.fromEntries(ignored.map((name) => [name, olds[name]])) };
}

/** Says which resource it was, as the provider does, with what the service answered. */
async function told<T>(named: Named, doing: string, act: () => Promise<T> | T): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { terraform } = findSchema(named.token);
    throw new Error(`${doing} ${terraform} (${named.name}): ${error.code}: ${error.message}`, { cause: error });
  }
}
