import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** AWS Secrets Manager, so far as `GetSecretValue` of one secret goes. */
export interface SecretsEndpoint extends AsyncDisposable {
  /** What a process needs to ask here instead of at AWS. */
  env: Record<string, string>;
}

export async function startSecretsEndpoint(read: () => unknown): Promise<SecretsEndpoint> {
  const server = createServer((_request, response) => {
    const value = read();
    const [status, body] =
      value === undefined
        ? [400, { __type: "ResourceNotFoundException", message: "Secrets Manager can't find the specified secret." }]
        : [200, { SecretString: JSON.stringify(value) }];
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    env: {
      AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
