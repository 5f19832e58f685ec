import type { Address } from "../../base/address.ts";
import { formatIp, isIpv4, parseIp } from "../../base/ip.ts";
import { malformed, type ProxyHeader, signature } from "./header.ts";

/** Signature, version and command, family, length (§2.2). */
const prefixBytes = 16;
/** With the vectors after the addresses (§2.2.8): a client's certificate may be among them. The format has 64 KiB. */
const headerBytesMax = 8192;

const LOCAL = 0;
const PROXY = 1;
const UNSPEC = 0x00;
const TCP4 = 0x11;
const TCP6 = 0x21;

/** The vectors after the addresses are left out, and so is what a LOCAL header has. */
export function parseVersion2(bytes: Buffer): ProxyHeader | undefined {
  // Each byte is judged as soon as it is there.
  const [versionAndCommand, family] = [bytes[12], bytes[13]];
  if (versionAndCommand === undefined) return undefined;
  const command = versionAndCommand & 0x0f;
  if (versionAndCommand >> 4 !== 2 || command > PROXY) throw malformed("its version or command is unknown");
  if (family === undefined) return undefined;
  const own = command === LOCAL || family === UNSPEC;
  // Of the others, those of AF_UNIX and of datagrams cannot be a connection to us.
  if (!own && family !== TCP4 && family !== TCP6)
    throw malformed("it is of another family than TCP over IPv4 and IPv6");
  if (bytes.length < prefixBytes) return undefined;
  const length = prefixBytes + bytes.readUInt16BE(14);
  if (length > headerBytesMax) throw malformed("it is too long");
  const ipBytes = family === TCP4 ? 4 : 16;
  if (!own && length < prefixBytes + 2 * ipBytes + 4) throw malformed("its addresses are cut short");
  if (bytes.length < length) return undefined;
  if (own) return { length, ends: undefined };
  const portsAt = prefixBytes + 2 * ipBytes;
  const address = (index: number): Address => {
    const at = prefixBytes + index * ipBytes;
    const raw = bytes.subarray(at, at + ipBytes);
    return {
      ip: ipBytes === 4 ? raw.join(".") : formatIp(raw),
      port: bytes.readUInt16BE(portsAt + 2 * index),
    };
  };
  return { length, ends: { remote: address(0), local: address(1) } };
}

export function writeVersion2(remote: Address, local: Address): Buffer {
  const [source, destination] = [parseIp(remote.ip), parseIp(local.ip)];
  if (source === undefined || destination === undefined) return Buffer.from([...signature, 0x20 | LOCAL, UNSPEC, 0, 0]);
  const six = !isIpv4(source) || !isIpv4(destination);
  const from = six ? 0 : 12;
  const ipBytes = 16 - from;
  const header = Buffer.alloc(prefixBytes + 2 * ipBytes + 4);
  signature.copy(header);
  header[12] = 0x20 | PROXY;
  header[13] = six ? TCP6 : TCP4;
  header.writeUInt16BE(header.length - prefixBytes, 14);
  header.set(source.subarray(from), prefixBytes);
  header.set(destination.subarray(from), prefixBytes + ipBytes);
  header.writeUInt16BE(remote.port, header.length - 4);
  header.writeUInt16BE(local.port, header.length - 2);
  return header;
}
