import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import type { PostRequest } from "./sign-request.ts";

export interface PostAnswer {
  status: number;
  text: string;
}

// Not `fetch`, whose first use takes 25 ms, and which closes a connection after four idle seconds: a bot's messages
// come with longer pauses, and each new connection costs a TLS handshake. Not `import` either: it would evaluate
// `http.WebSocket` and with it all that `fetch` needs.
const modules = { "http:": "node:http", "https:": "node:https" } as const;
const agents = new Map<string, Agent>();

/** Sends one request over a connection that is kept for the next one. Redirects are not followed. */
export function post({ url, headers, body }: PostRequest, signal: AbortSignal): Promise<PostAnswer> {
  const { Agent, request } = process.getBuiltinModule(modules[url.protocol as keyof typeof modules]);
  const agent = agents.get(url.protocol) ?? new Agent({ keepAlive: true });
  agents.set(url.protocol, agent);
  return new Promise((resolve, reject) => {
    const sent: ClientRequest = request(url, { method: "POST", headers, agent, signal });
    sent.once("response", (response) => void read(response).then(resolve, reject));
    sent.on("error", reject);
    sent.end(body);
  });
}

async function read(response: IncomingMessage): Promise<PostAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") };
}
