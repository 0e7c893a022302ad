import { credentials, type ServiceError } from "@grpc/grpc-js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";

export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SIGNATURE = "4dabf18193072939515e22adb298388d";

export type Properties = Record<string, unknown>;

const MODES = { propose: "PROPOSE", enforce: "ENFORCE", disable: "DISABLE" } as const;

/** A resource as an engine would keep it. */
export interface Made {
  type: string;
  name: string;
  id: string;
  inputs: Properties;
  outputs: Properties;
}

/** Speaks to the provider over a real socket, as an engine does. */
export class ProviderClient {
  readonly #client: services.ResourceProviderClient;

  constructor(port: number) {
    this.#client = new services.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  close(): void {
    this.#client.close();
  }

  async checkConfig(news: Properties): Promise<{ inputs: Properties; failures: string[] }> {
    const request = new messages.CheckRequest();
    request.setUrn("urn:pulumi:test::project::pulumi:providers:aws::default");
    request.setNews(toStruct(news));
    return toChecked(await this.#call<messages.CheckResponse>("checkConfig", request));
  }

  async diffConfig(olds: Properties, news: Properties): Promise<messages.DiffResponse.AsObject> {
    const request = new messages.DiffRequest();
    request.setOldInputs(toStruct(olds));
    request.setNews(toStruct(news));
    return (await this.#call<messages.DiffResponse>("diffConfig", request)).toObject();
  }

  async configure(config: Properties = { region: "ap-northeast-1" }): Promise<messages.ConfigureResponse.AsObject> {
    const request = new messages.ConfigureRequest();
    request.setArgs(toStruct(config));
    request.setAcceptsecrets(true);
    return (await this.#call<messages.ConfigureResponse>("configure", request)).toObject();
  }

  async check(
    type: string,
    name: string,
    news: Properties,
    more: {
      olds?: Properties;
      autonaming?: { mode: "propose" | "enforce" | "disable"; proposedName: string };
      seed?: string;
    } = {},
  ): Promise<{ inputs: Properties; failures: string[] }> {
    const request = new messages.CheckRequest();
    request.setUrn(toUrn(type, name));
    if (more.olds) request.setOlds(toStruct(more.olds));
    request.setNews(toStruct(news));
    request.setRandomseed(Buffer.from(more.seed ?? name));
    if (more.autonaming) {
      const options = new messages.CheckRequest.AutonamingOptions();
      options.setMode(messages.CheckRequest.AutonamingOptions.Mode[MODES[more.autonaming.mode]]);
      options.setProposedName(more.autonaming.proposedName);
      request.setAutonaming(options);
    }
    return toChecked(await this.#call<messages.CheckResponse>("check", request));
  }

  /** Checks, then creates, as a deployment does. */
  async create(type: string, name: string, news: Properties): Promise<Made> {
    const { inputs, failures } = await this.check(type, name, news);
    if (failures.length > 0) throw new Error(failures.join("\n"));
    const { id, outputs } = await this.createChecked(type, name, inputs);
    return { type, name, id, inputs, outputs };
  }

  async createChecked(
    type: string,
    name: string,
    inputs: Properties,
    preview = false,
  ): Promise<{ id: string; outputs: Properties }> {
    const request = new messages.CreateRequest();
    request.setUrn(toUrn(type, name));
    request.setProperties(toStruct(inputs));
    request.setPreview(preview);
    const response = await this.#call<messages.CreateResponse>("create", request);
    return { id: response.getId(), outputs: fromStruct(response.getProperties()) };
  }

  async diff(made: Made, news: Properties, ignoreChanges: string[] = []): Promise<Difference> {
    const { inputs } = await this.check(made.type, made.name, news, { olds: made.inputs });
    const request = new messages.DiffRequest();
    request.setId(made.id);
    request.setUrn(toUrn(made.type, made.name));
    request.setOlds(toStruct(made.outputs));
    request.setOldInputs(toStruct(made.inputs));
    request.setNews(toStruct(inputs));
    request.setIgnorechangesList(ignoreChanges);
    return toDifference(await this.#call<messages.DiffResponse>("diff", request));
  }

  async update(made: Made, news: Properties, preview = false): Promise<Made> {
    const { inputs, failures } = await this.check(made.type, made.name, news, { olds: made.inputs });
    if (failures.length > 0) throw new Error(failures.join("\n"));
    const request = new messages.UpdateRequest();
    request.setId(made.id);
    request.setUrn(toUrn(made.type, made.name));
    request.setOlds(toStruct(made.outputs));
    request.setOldInputs(toStruct(made.inputs));
    request.setNews(toStruct(inputs));
    request.setPreview(preview);
    const response = await this.#call<messages.UpdateResponse>("update", request);
    return { ...made, inputs, outputs: fromStruct(response.getProperties()) };
  }

  async read(made: Pick<Made, "type" | "name" | "id"> & Partial<Made>): Promise<Made | undefined> {
    const request = new messages.ReadRequest();
    request.setId(made.id);
    request.setUrn(toUrn(made.type, made.name));
    if (made.outputs) request.setProperties(toStruct(made.outputs));
    if (made.inputs) request.setInputs(toStruct(made.inputs));
    const response = await this.#call<messages.ReadResponse>("read", request);
    if (response.getId() === "") return undefined;
    const { type, name } = made;
    const [inputs, outputs] = [fromStruct(response.getInputs()), fromStruct(response.getProperties())];
    return { type, name, id: response.getId(), inputs, outputs };
  }

  async delete(made: Made): Promise<void> {
    const request = new messages.DeleteRequest();
    request.setId(made.id);
    request.setUrn(toUrn(made.type, made.name));
    request.setProperties(toStruct(made.outputs));
    request.setOldInputs(toStruct(made.inputs));
    await this.#call("delete", request);
  }

  async invoke(token: string, args: Properties = {}): Promise<Properties> {
    const request = new messages.InvokeRequest();
    request.setTok(token);
    request.setArgs(toStruct(args));
    return fromStruct((await this.#call<messages.InvokeResponse>("invoke", request)).getReturn());
  }

  #call<Response>(method: keyof services.ResourceProviderClient, request: unknown): Promise<Response> {
    return new Promise((resolve, reject) => {
      const call = this.#client[method] as (
        message: unknown,
        answer: (error: ServiceError | null, response: Response) => void,
      ) => void;
      call.call(this.#client, request, (error, response) =>
        error ? reject(new Error(error.details)) : resolve(response),
      );
    });
  }
}

export interface Difference {
  changes: boolean;
  diffs: string[];
  replaces: string[];
  stables: string[];
  deleteBeforeReplace: boolean;
  detailed: Record<string, string>;
}

const KINDS = ["add", "add-replace", "delete", "delete-replace", "update", "update-replace"];

function toDifference(response: messages.DiffResponse): Difference {
  const detailed: Record<string, string> = {};
  response.getDetaileddiffMap().forEach((difference, path) => {
    detailed[path] = KINDS[difference.getKind()] ?? "?";
  });
  return {
    changes: response.getChanges() === messages.DiffResponse.DiffChanges.DIFF_SOME,
    diffs: response.getDiffsList(),
    replaces: response.getReplacesList(),
    stables: response.getStablesList(),
    deleteBeforeReplace: response.getDeletebeforereplace(),
    detailed,
  };
}

function toChecked(response: messages.CheckResponse): { inputs: Properties; failures: string[] } {
  return {
    inputs: fromStruct(response.getInputs()),
    failures: response.getFailuresList().map((failure) => failure.getReason()),
  };
}

function toUrn(type: string, name: string): string {
  return `urn:pulumi:test::project::${type}::${name}`;
}

function toStruct(properties: Properties): structs.Struct {
  return structs.Struct.fromJavaScript(properties as Record<string, structs.JavaScriptValue>);
}

function fromStruct(struct: structs.Struct | undefined): Properties {
  return struct?.toJavaScript() ?? {};
}

/** A `FileArchive` as the SDK puts it on the wire. */
export function toArchive(path: string, hash?: string): Properties {
  return { [SIGNATURE]: "0def7320c3a5731c473e5ecbe6d01bc7", path, ...(hash !== undefined && { hash }) };
}

/** What is marked as a secret, without its mark; throws for what is not. */
export function unwrapSecret(value: unknown): unknown {
  const { [SIGNATURE]: kind, value: inner } = value as Record<string, unknown>;
  if (kind !== "1b47061264138c4ac30d75fd1eb44270") throw new Error("The value is not marked as a secret");
  return inner;
}
