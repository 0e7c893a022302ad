import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signatureHeader, verifySignature } from "@pulumi-line-bot/kit/signature";
import { openCertificate } from "@pulumi-line-bot/aws-offline/apigatewayv2/certificate";

/** An HTTPS server with a webhook for each path: what each answers, and how often it was called. */
export interface BotEndpoint extends AsyncDisposable {
  /** PEM to trust. */
  ca: string;
  url(path: string): string;
  /** What a path answers from now on, each status once and the last one ever after. Default: 200. */
  answer(path: string, ...statuses: number[]): void;
  /** Those of a path's requests that were signed with this secret. */
  tests(path: string, channelSecret: string): number;
  reset(): void;
}

export async function startBotEndpoint(): Promise<BotEndpoint> {
  const folder = await mkdtemp(join(tmpdir(), "bot-endpoint-"));
  const { key, cert, authority } = await openCertificate(folder);
  const answers = new Map<string, number[]>();
  const received: { path: string; body: Buffer; signature: string }[] = [];
  const server = createServer({ key, cert }, (request, response) => {
    const path = (request.url ?? "/").slice(1);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ path, body: Buffer.concat(chunks), signature: String(request.headers[signatureHeader]) });
      const statuses = answers.get(path) ?? [200];
      response.writeHead((statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 200).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    ca: authority,
    url: (path) => `https://localhost:${port}/${path}`,
    answer: (path, ...statuses) => void answers.set(path, statuses),
    tests: (path, channelSecret) =>
      received.filter((one) => one.path === path && verifySignature(one.body, channelSecret, one.signature)).length,
    reset() {
      answers.clear();
      received.length = 0;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
