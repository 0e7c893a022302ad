import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { localEnvironment, localStack, root, toTarget } from "../../deploy/local-stack.ts";
import { sign, signatureHeader } from "@pulumi-line-bot/kit/signature";
import type { AwsTrace } from "@pulumi-line-bot/aws-offline/aws";
import { startLocalCloud } from "../../deploy/local/cloud.ts";
import { runStackOperation, type StackOperation } from "@pulumi-line-bot/pulumi-engine/engine";
import { devChannel } from "@pulumi-line-bot/line-simulator/seed";

/** What the program of this project consists of. */
export const resourceCount = 52;

export interface Answer {
  status: number;
  body: string;
}

interface DeployOptions {
  /** A clone with other sources. Default: this one. */
  projectDir?: string;
  onTrace?: (trace: AwsTrace) => void;
  /** Settings beside those of `Pulumi.local.yaml`. */
  config?: Record<string, string>;
}

/** The program of this project, deployed to a cloud of the test's own. */
export async function deploy({ projectDir = root, onTrace = () => {}, config = {} }: DeployOptions = {}) {
  const dataDir = await mkdtemp(path.join(tmpdir(), "deployed-"));
  const programDir = path.join(projectDir, "infra");
  const cloud = await startLocalCloud({ dataDir, programDir, linePort: 0, gatewayPort: 0, onTrace });
  // LINE gives up after two seconds, which a busy machine may need for a cold start alone.
  await cloud.line.console.setBehaviour({ webhookTimeoutMs: 60_000 });
  const operate = (kind: StackOperation["kind"], more: Partial<StackOperation> = {}) =>
    runStackOperation({
      kind,
      projectDir,
      stack: localStack,
      env: localEnvironment(toTarget(cloud)),
      attachedProviders: cloud.attachedProviders,
      configOverrides: { "line:apiUrl": cloud.line.url, ...config },
      createStack: true,
      ...more,
    });
  const said: string[] = [];
  const { result, outputs } = await operate("up", {
    onEvent: ({ diagnosticEvent }) => void (diagnosticEvent && said.push(diagnosticEvent.message)),
  });
  if (result !== "succeeded") throw new Error(said.join("\n"));
  const agent = new Agent({ ca: cloud.aws.certificateAuthority });
  const { webhookUrl } = outputs;
  if (typeof webhookUrl !== "string") throw new Error("The stack has no webhookUrl");
  return {
    cloud,
    dataDir,
    outputs,
    operate,
    /** A request to the gateway, as anyone in the world can make it. */
    send: (method: string, url: string, body = "", headers: Record<string, string> = {}) =>
      send(agent, method, new URL(url, webhookUrl), body, headers),
    /** A webhook as LINE sends it. */
    post: (body: string, secret: string = devChannel.channelSecret) =>
      send(agent, "POST", new URL(webhookUrl), body, { [signatureHeader]: sign(body, secret) }),
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await cloud.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function send(agent: Agent, method: string, url: URL, body: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      { method, agent, headers: { "content-type": "application/json; charset=utf-8", ...headers } },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.once("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
      },
    );
    call.once("error", reject).end(body);
  });
}
