/** Tar files as Go's `archive/tar` writes them: USTAR, with a PAX header for a name that does not fit. */

const BLOCK = 512;

/** The header of a regular file that only its owner may read and write. */
export function tarHeader(name: string, size: number): Uint8Array {
  const bytes = Buffer.from(name);
  const split = splitName(bytes);
  if (split) return header(split.name, split.prefix, size, "0");
  const record = paxRecord("path", name);
  const folder = name.lastIndexOf("/") + 1;
  const paxName = `${name.slice(0, folder)}PaxHeaders.0/${name.slice(folder)}`;
  const ascii = (text: string): Buffer => Buffer.from(text.replaceAll(/[^\x20-\x7e]/g, "")).subarray(0, 100);
  return Buffer.concat([
    header(ascii(paxName), Buffer.alloc(0), record.length, "x"),
    record,
    tarPadding(record.length),
    header(ascii(name), Buffer.alloc(0), size, "0"),
  ]);
}

export const tarPadding = (size: number): Uint8Array => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);

export const tarEnd = (): Uint8Array => Buffer.alloc(2 * BLOCK);

function header(name: Buffer, prefix: Buffer, size: number, type: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  name.copy(block, 0);
  octal(block, 100, 8, type === "x" ? 0 : 0o600);
  octal(block, 108, 8, 0);
  octal(block, 116, 8, 0);
  octal(block, 124, 12, size);
  octal(block, 136, 12, 0);
  block.fill(" ", 148, 156);
  block.write(type, 156);
  block.write("ustar\u000000", 257);
  octal(block, 329, 8, 0);
  octal(block, 337, 8, 0);
  prefix.copy(block, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

function octal(block: Buffer, at: number, length: number, value: number): void {
  block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at);
}

/** Up to 100 bytes of name, and up to 155 of folders before it. */
function splitName(name: Buffer): { name: Buffer; prefix: Buffer } | undefined {
  if (name.some((byte) => byte > 0x7e)) return undefined;
  if (name.length <= 100) return { name, prefix: Buffer.alloc(0) };
  const at = name.subarray(0, Math.min(156, name.length - 1)).lastIndexOf("/");
  const rest = name.subarray(at + 1);
  return at <= 0 || rest.length > 100 || rest.length === 0 ? undefined : { name: rest, prefix: name.subarray(0, at) };
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}
