import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import grpc from "@grpc/grpc-js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import services from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import type { AnyResource } from "@pulumi-line-bot/policy/resources";
import { root } from "../../deploy/local-stack.ts";
import { call, CHANNEL_OPTIONS, toStruct } from "@pulumi-line-bot/pulumi-engine/adapters/grpc";
import type { PropertyMap } from "@pulumi-line-bot/pulumi-engine/contracts/contracts";

export const packDir = path.join(root, "packages", "policy");

interface Diagnostic {
  policy: string;
  message: string;
  level: string;
  urn: string;
}

export interface PolicyPack extends AsyncDisposable {
  info(): Promise<messages.AnalyzerInfo.AsObject>;
  /** What `--policy-pack-config` does to one policy. */
  disable(policy: string): Promise<void>;
  /** Before a resource is made. */
  analyze(resource: AnyResource): Promise<Diagnostic[]>;
  /** Once the stack is whole. */
  analyzeStack(resources: AnyResource[]): Promise<Diagnostic[]>;
}

/**
 * Starts the pack as Pulumi's language host does: the SDK's own runner with an engine's address and the pack's folder,
 * in that folder; the first line it writes is the port.
 * https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/cmd/pulumi-language-nodejs/main.go
 */
export async function startPack(): Promise<PolicyPack> {
  const runner = path.join(root, "node_modules/@pulumi/pulumi/cmd/run-policy-pack");
  const child = spawn(process.execPath, [runner, "127.0.0.1:1", packDir], {
    cwd: packDir,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const client = new services.AnalyzerClient(
    `127.0.0.1:${await firstLine(child)}`,
    grpc.credentials.createInsecure(),
    CHANNEL_OPTIONS,
  );
  return {
    info: async () => (await call(client, "getAnalyzerInfo", new empty.Empty())).toObject(),
    async disable(policy) {
      const config = new messages.PolicyConfig();
      config.setEnforcementlevel(messages.EnforcementLevel.DISABLED);
      const request = new messages.ConfigureAnalyzerRequest();
      request.getPolicyconfigMap().set(policy, config.setProperties(toStruct({})));
      await call(client, "configure", request);
    },
    analyze: async (resource) =>
      toDiagnostics(await call(client, "analyze", fill(new messages.AnalyzeRequest(), resource))),
    async analyzeStack(resources) {
      const request = new messages.AnalyzeStackRequest();
      request.setResourcesList(resources.map((resource) => fill(new messages.AnalyzerResource(), resource)));
      return toDiagnostics(await call(client, "analyzeStack", request));
    },
    async [Symbol.asyncDispose]() {
      client.close();
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}

/** @throws what the pack said, when it ends before it serves. */
async function firstLine({ stdout, stderr }: ChildProcess): Promise<string> {
  if (stdout === null || stderr === null) throw new Error("The pack's streams are not piped");
  const said = text(stderr);
  for await (const line of createInterface(stdout)) return line;
  throw new Error(await said);
}

function fill<M extends messages.AnalyzeRequest | messages.AnalyzerResource>(message: M, resource: AnyResource): M {
  const options = new messages.AnalyzerResourceOptions();
  options.setProtect(resource.protect);
  message.setType(resource.type);
  message.setName(resource.name);
  message.setUrn(resource.urn);
  message.setProperties(toStruct(resource.props as PropertyMap));
  message.setOptions(options);
  return message;
}

const levels = Object.entries(messages.EnforcementLevel);

const toDiagnostics = (response: messages.AnalyzeResponse): Diagnostic[] =>
  response.getDiagnosticsList().map((diagnostic) => ({
    policy: diagnostic.getPolicyname(),
    message: diagnostic.getMessage(),
    level: levels.find(([, level]) => level === diagnostic.getEnforcementlevel())?.[0] ?? "",
    urn: diagnostic.getUrn(),
  }));
