import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

type Call = (url: URL, init: RequestInit) => Promise<Response>;

/** LINE's API by a socket, every call of it made by a function. One that fails as `fetch` does is left without an answer. */
export async function startApiServer(lineUrl: string, call: Call): Promise<AsyncDisposable & { url: string }> {
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = "GET", url = "/", headers } = request;
    const body = await buffer(request);
    const passed = ["authorization", "content-type"].flatMap((name) => {
      const value = headers[name];
      return typeof value === "string" ? [[name, value] as const] : [];
    });
    try {
      const init = { method, headers: Object.fromEntries(passed), body: body.length === 0 ? null : body };
      const answered = await call(new URL(url, lineUrl), init);
      response.writeHead(answered.status, { "content-type": "application/json" });
      response.end(Buffer.from(await answered.arrayBuffer()));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      request.socket.destroy();
    }
  };
  const server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
