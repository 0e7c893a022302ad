import { existsSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import { writeWhole } from "../store/write-whole.ts";

export interface Certificate {
  key: string;
  cert: string;
  /** PEM of the authority that signed it. */
  authority: string;
}

const DAY_MS = 24 * 3_600_000;

/**
 * The gateways' certificate for localhost, signed by an authority of this data folder alone. The authority's key is
 * thrown away after that, so anyone who trusts the authority trusts this one certificate.
 */
export async function openCertificate(folder: string): Promise<Certificate> {
  const file = join(folder, "tls.json");
  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Certificate) : undefined;
  if (kept && Date.parse(new X509Certificate(kept.cert).validTo) > Date.now() + DAY_MS) return kept;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const made = await createCertificate();
  writeWhole(file, JSON.stringify(made));
  return made;
}

async function createCertificate(): Promise<Certificate> {
  const { default: selfsigned } = await import("selfsigned");
  const notBeforeDate = new Date(Date.now() - DAY_MS);
  const common = { keyType: "ec", algorithm: "sha256", notBeforeDate } as const;
  const authority = await selfsigned.generate([{ name: "commonName", value: "local AWS" }], {
    ...common,
    notAfterDate: new Date(Date.now() + 3650 * DAY_MS),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const leaf = await selfsigned.generate([{ name: "commonName", value: "localhost" }], {
    ...common,
    // Clients refuse a server's certificate that lives for longer.
    notAfterDate: new Date(Date.now() + 397 * DAY_MS),
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
  });
  return { key: leaf.private, cert: leaf.cert, authority: authority.cert };
}
