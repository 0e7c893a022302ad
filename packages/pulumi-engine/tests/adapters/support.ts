/** Real programs in real processes, against a provider that the test serves itself. */
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import statusAny from "google-protobuf/google/protobuf/any_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import providerServices from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import type { Operation, PropertyMap, Source } from "../../contracts/contracts.ts";
import type { EngineEvent } from "../../contracts/events.ts";
import { runOperation } from "../../core/operation.ts";
import { fromStruct, serve, toStruct, unary, type Server } from "../../adapters/grpc.ts";
import { createNodejsProgram } from "../../adapters/nodejs-program.ts";
import { createProviderHost } from "../../adapters/provider-host.ts";
import type { MemoryStore } from "../core/harness.ts";

export const deployment = {
  organization: "organization",
  project: "test",
  stack: "dev",
  config: { "test:greeting": "hello", "test:hush": "hunter2" },
  secretKeys: new Set(["test:hush"]),
};

/** A project folder with a program, in which the SDK is installed. */
export async function createProject(index: string): Promise<{ dir: string } & AsyncDisposable> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "engine-program-")));
  await symlink(join(import.meta.dirname, "../../../../node_modules"), join(dir, "node_modules"));
  await mkdir(join(dir, "files"));
  await writeFile(join(dir, "package.json"), JSON.stringify({ name: "test", private: true, type: "module" }));
  await writeFile(join(dir, "index.ts"), index);
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

function programIn(dir: string): Source {
  return createNodejsProgram({
    ...deployment,
    root: dir,
    pwd: dir,
    main: join(dir, "index.ts"),
    env: process.env,
    runtimeOptions: { typescript: false },
  });
}

export interface Outcome {
  result: string;
  outputs: PropertyMap;
  /** `<op> <name>`, providers and components left out. */
  steps: string[];
  /** `<severity>: <text>`. */
  messages: string[];
  events: EngineEvent[];
}

export async function operate(
  dir: string,
  store: MemoryStore,
  on: Partial<Operation> & { attached?: Record<string, number> },
): Promise<Outcome> {
  const { attached = {}, ...options } = on;
  const providers = createProviderHost({ programDir: dir, project: "test", attached, env: process.env });
  const events: EngineEvent[] = [];
  try {
    const { result, outputs } = await runOperation({
      kind: "update",
      ...deployment,
      ...(options.kind === "destroy" || options.kind === "refresh" ? {} : { source: programIn(dir) }),
      providers,
      store,
      parallel: 4,
      targets: [],
      targetDependents: false,
      replace: [],
      refresh: false,
      continueOnError: false,
      expectNoChanges: false,
      onEvent: (event) => events.push(event),
      signal: new AbortController().signal,
      ...options,
    });
    const steps = events.flatMap(({ resOutputsEvent }) => {
      const { op, urn, type, new: now, old } = resOutputsEvent?.metadata ?? { type: "pulumi:providers:" };
      if (type.startsWith("pulumi:providers:") || !(now ?? old)?.custom) return [];
      return [`${op} ${urn?.slice(urn.lastIndexOf(":") + 1)}`];
    });
    const messages_ = events.flatMap(({ diagnosticEvent }) =>
      diagnosticEvent ? [`${diagnosticEvent.severity}: ${diagnosticEvent.message.trim()}`] : [],
    );
    return { result, outputs, steps, messages: messages_, events };
  } finally {
    await providers.close();
  }
}

export interface TestProvider {
  port: number;
  /** What each method was asked, in order. */
  asked: { method: string; urn: string; news: PropertyMap; olds: PropertyMap; preview: boolean }[];
  /** What `Configure` was told. */
  configured: PropertyMap[];
  close(): Promise<void>;
}

export interface ProviderTraits {
  /** Without one, the provider is too old for a handshake, and says in `Configure` what it takes. */
  handshake?: { acceptsSecrets: boolean };
  acceptsSecrets?: boolean;
  supportsPreview?: boolean;
  /** What `Configure` answers instead: keys that are missing. */
  missingKeys?: string[];
  /** Creating fails after the fact, for these reasons. */
  unwell?: string[];
}

/** Package `cloud`: `cloud:index:Thing`, whose property `zone` forces replacement, and the function `cloud:index:ask`. */
export async function serveProvider(
  traits: ProviderTraits = { handshake: { acceptsSecrets: true } },
): Promise<TestProvider> {
  const asked: TestProvider["asked"] = [];
  const configured: PropertyMap[] = [];
  let serial = 0;
  const fails = (error: unknown): Partial<grpc.StatusObject> =>
    error instanceof Refusal ? error.status : { details: String(error) };
  const ask = (method: string, urn: string, news: PropertyMap, olds: PropertyMap = {}, preview = false): void =>
    void asked.push({ method, urn, news, olds, preview });
  const server: Server = await serve((grpcServer) =>
    grpcServer.addService(providerServices.ResourceProviderService, {
      handshake: unary(() => {
        if (!traits.handshake) throw new Refusal({ code: grpc.status.UNIMPLEMENTED });
        const response = new messages.ProviderHandshakeResponse();
        response.setAcceptSecrets(traits.handshake.acceptsSecrets);
        return response;
      }, fails),
      attach: unary(() => new empty.Empty(), fails),
      checkConfig: unary((request: messages.CheckRequest) => {
        const response = new messages.CheckResponse();
        response.setInputs(request.getNews());
        return response;
      }, fails),
      diffConfig: unary(() => new messages.DiffResponse(), fails),
      configure: unary((request: messages.ConfigureRequest) => {
        if (traits.missingKeys) throw missingKeys(traits.missingKeys);
        configured.push(fromStruct(request.getArgs()));
        const response = new messages.ConfigureResponse();
        response.setAcceptsecrets(traits.acceptsSecrets ?? false);
        response.setSupportspreview(traits.supportsPreview ?? false);
        return response;
      }, fails),
      check: unary((request: messages.CheckRequest) => {
        ask("check", request.getUrn(), fromStruct(request.getNews()), fromStruct(request.getOlds()));
        const response = new messages.CheckResponse();
        response.setInputs(toStruct({ tier: "basic", ...fromStruct(request.getNews()) }));
        return response;
      }, fails),
      diff: unary((request: messages.DiffRequest) => {
        const [olds, news] = [fromStruct(request.getOldInputs()), fromStruct(request.getNews())];
        ask("diff", request.getUrn(), news, olds);
        const response = new messages.DiffResponse();
        response.setHasdetaileddiff(true);
        for (const key of new Set([...Object.keys(olds), ...Object.keys(news)])) {
          if (JSON.stringify(olds[key]) === JSON.stringify(news[key])) continue;
          const diff = new messages.PropertyDiff();
          diff.setInputdiff(true);
          diff.setKind(key === "zone" ? messages.PropertyDiff.Kind.UPDATE_REPLACE : messages.PropertyDiff.Kind.UPDATE);
          response.getDetaileddiffMap().set(key, diff);
          response.addDiffs(key);
          if (key === "zone") response.addReplaces(key);
        }
        response.setChanges(
          response.getDiffsList().length > 0
            ? messages.DiffResponse.DiffChanges.DIFF_SOME
            : messages.DiffResponse.DiffChanges.DIFF_NONE,
        );
        return response;
      }, fails),
      create: unary((request: messages.CreateRequest) => {
        const news = fromStruct(request.getProperties());
        ask("create", request.getUrn(), news, {}, request.getPreview());
        const id = request.getPreview() ? "" : `thing-${++serial}`;
        if (traits.unwell && !request.getPreview()) throw unwell(id, news, traits.unwell);
        const response = new messages.CreateResponse();
        response.setId(id);
        response.setProperties(toStruct({ ...news, address: request.getPreview() ? "to be known" : `cloud://${id}` }));
        return response;
      }, fails),
      update: unary((request: messages.UpdateRequest) => {
        const news = fromStruct(request.getNews());
        ask("update", request.getUrn(), news, fromStruct(request.getOlds()), request.getPreview());
        const response = new messages.UpdateResponse();
        response.setProperties(toStruct({ ...news, address: `cloud://${request.getId()}` }));
        return response;
      }, fails),
      read: unary((request: messages.ReadRequest) => {
        ask("read", request.getUrn(), fromStruct(request.getInputs()), fromStruct(request.getProperties()));
        const response = new messages.ReadResponse();
        response.setId(request.getId());
        response.setProperties(request.getProperties());
        response.setInputs(request.getInputs());
        return response;
      }, fails),
      delete: unary((request: messages.DeleteRequest) => {
        ask("delete", request.getUrn(), {}, fromStruct(request.getProperties()));
        return new empty.Empty();
      }, fails),
      invoke: unary((request: messages.InvokeRequest) => {
        ask("invoke", request.getTok(), fromStruct(request.getArgs()));
        const response = new messages.InvokeResponse();
        response.setReturn(
          toStruct({ answer: `re: ${JSON.stringify(fromStruct(request.getArgs())["question"] ?? null)}` }),
        );
        return response;
      }, fails),
    }),
  );
  return { port: Number(server.address.split(":")[1]), asked, configured, close: () => server.close() };
}

class Refusal extends Error {
  readonly status: Partial<grpc.StatusObject>;
  constructor(status: Partial<grpc.StatusObject>) {
    super(status.details);
    this.status = status;
  }
}

function missingKeys(keys: string[]): Refusal {
  const detail = new messages.ConfigureErrorMissingKeys();
  for (const name of keys) {
    const key = new messages.ConfigureErrorMissingKeys.MissingKey();
    key.setName(name);
    key.setDescription("where it is");
    detail.addMissingkeys(key);
  }
  return withDetail("missing keys", "pulumirpc.ConfigureErrorMissingKeys", detail.serializeBinary());
}

function unwell(id: string, properties: PropertyMap, reasons: string[]): Refusal {
  const detail = new messages.ErrorResourceInitFailed();
  detail.setId(id);
  detail.setProperties(toStruct(properties));
  detail.setReasonsList(reasons);
  return withDetail("it did not come up", "pulumirpc.ErrorResourceInitFailed", detail.serializeBinary());
}

function withDetail(details: string, type: string, bytes: Uint8Array): Refusal {
  const any = new statusAny.Any();
  any.pack(bytes, type);
  const status = new statuses.Status();
  status.setMessage(details);
  status.addDetails(any);
  const metadata = new grpc.Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return new Refusal({ code: grpc.status.UNKNOWN, details, metadata });
}
