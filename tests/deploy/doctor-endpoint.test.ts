import { once } from "node:events";
import { createServer as createPlainServer } from "node:http";
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { generate } from "selfsigned";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { inspectCertificate, measureAnswers } from "../../deploy/doctor/endpoint.ts";
import { sign, signatureHeader } from "@pulumi-line-bot/kit/signature";

const dayMs = 24 * 3_600_000;
const channelSecret = "8c570fa6dd201bb328f1c1eac23a96d8";
const botUserId = `U${"0".repeat(32)}`;

type Issued = Awaited<ReturnType<typeof generate>>;
let authority: Issued;

beforeAll(async () => {
  authority = await generate([{ name: "commonName", value: "test authority" }], {
    keyType: "ec",
    algorithm: "sha256",
    notBeforeDate: new Date(Date.now() - 90 * dayMs),
    notAfterDate: new Date(Date.now() + 90 * dayMs),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
});

interface Wanted {
  host?: string;
  /** Days from now. */
  from?: number;
  until?: number;
  selfSigned?: boolean;
}

async function issue({ host = "localhost", from = -1, until = 60, selfSigned = false }: Wanted = {}) {
  const { private: key, cert } = await generate([{ name: "commonName", value: host }], {
    keyType: "ec",
    algorithm: "sha256",
    notBeforeDate: new Date(Date.now() + from * dayMs),
    notAfterDate: new Date(Date.now() + until * dayMs),
    ...(selfSigned ? {} : { ca: { key: authority.private, cert: authority.cert } }),
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: host }] }],
  });
  return { key, cert };
}

async function listen(server: Server): Promise<URL> {
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return new URL(`https://localhost:${(server.address() as AddressInfo).port}/webhook`);
}

const serve = (
  options: ServerOptions,
  answer: Parameters<typeof createPlainServer>[1] = (_request, response) => void response.end(),
) => listen(createServer(options, answer));

describe("a certificate", () => {
  test("that LINE would trust is reported with protocol, issuer and end", async () => {
    const url = await serve(await issue({ until: 60 }));

    const { protocol, issuer, validUntil, problem } = await inspectCertificate(url, authority.cert);

    expect([protocol, issuer, problem]).toEqual(["TLSv1.3", "test authority", undefined]);
    expect(Math.round((validUntil.getTime() - Date.now()) / dayMs)).toBe(60);
  });

  test("over TLS 1.2 is as good", async () => {
    const url = await serve({ ...(await issue()), maxVersion: "TLSv1.2" });

    expect(await inspectCertificate(url, authority.cert)).toMatchObject({ protocol: "TLSv1.2" });
  });

  test.each<[what: string, wanted: Wanted, problem: string]>([
    ["has expired", { from: -30, until: -2 }, "CERT_HAS_EXPIRED"],
    ["is not valid yet", { from: 2 }, "CERT_NOT_YET_VALID"],
    ["is for another host", { host: "example.com" }, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["is self-signed", { selfSigned: true }, "DEPTH_ZERO_SELF_SIGNED_CERT"],
  ])("that %s is reported by its problem", async (_what, wanted, problem) => {
    const url = await serve(await issue(wanted));

    expect(await inspectCertificate(url, authority.cert)).toMatchObject({ problem });
  });

  test("of an authority that is not among the public ones is reported, and an incomplete chain with it", async () => {
    const url = await serve(await issue());

    const { problem } = await inspectCertificate(url);

    expect(problem).toBe("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
  });

  test("cannot be had where the server speaks no TLS, or only a former one", async () => {
    const plain = await listen(createPlainServer());
    const old = await serve({
      ...(await issue()),
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    });

    await expect(inspectCertificate(plain, authority.cert)).rejects.toThrow(/SSL|wrong version/i);
    await expect(inspectCertificate(old, authority.cert)).rejects.toThrow(/SSL|version/i);
  });
});

describe("the answers of an endpoint", () => {
  test("are measured with LINE's empty event, signed, on a new connection and then on the same", async () => {
    const seen: { body: string; signature: unknown; port: number | undefined }[] = [];
    const url = await serve(await issue(), (incoming, response) => {
      let body = "";
      incoming.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      incoming.once("end", () => {
        seen.push({ body, signature: incoming.headers[signatureHeader], port: incoming.socket.remotePort });
        response.end();
      });
    });

    const { status } = await measureAnswers({ url, channelSecret, botUserId, authority: authority.cert });

    expect(status).toBe(200);
    expect(seen).toHaveLength(6);
    expect(new Set(seen.map(({ port }) => port)).size).toBe(1);
    for (const { body, signature } of seen) {
      expect(JSON.parse(body)).toEqual({ destination: botUserId, events: [] });
      expect(signature).toBe(sign(body, channelSecret));
    }
  });

  test("are not asked for again after one that is not 200, and a redirect is not followed", async () => {
    let requests = 0;
    const url = await serve(await issue(), (_request, response) => {
      requests += 1;
      response.writeHead(302, { location: "/elsewhere" }).end();
    });

    const { status } = await measureAnswers({ url, channelSecret, botUserId, authority: authority.cert });

    expect([status, requests]).toEqual([302, 1]);
  });

  test("are an error where the connection breaks", async () => {
    const url = await serve(await issue(), ({ socket }) => void socket.destroy());

    const measured = measureAnswers({ url, channelSecret, botUserId, authority: authority.cert });

    await expect(measured).rejects.toThrow(/socket hang up/);
  });
});
