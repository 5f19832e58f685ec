import type { Address } from "../../base/address.ts";
import { formatIp, isIpv4, parseIp } from "../../base/ip.ts";
import { malformed, type ProxyHeader } from "./header.ts";

/** §2.1: the longest line, with its end. */
const lineBytesMax = 107;

/** `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n` (§2.1): one space between, addresses and ports as they are written usually. */
export function parseVersion1(bytes: Buffer): ProxyHeader | undefined {
  const end = bytes.subarray(0, lineBytesMax).indexOf("\r\n");
  if (end < 0) {
    if (bytes.length >= lineBytesMax) throw malformed("its line is too long");
    return undefined;
  }
  const length = end + 2;
  const [, protocol, ...fields] = bytes.toString("latin1", 0, end).split(" ");
  // "The receiver must ignore anything presented before the CRLF" after UNKNOWN.
  if (protocol === "UNKNOWN") return { length, ends: undefined };
  if (protocol !== "TCP4" && protocol !== "TCP6") throw malformed("it is of another protocol than TCP4 and TCP6");
  const [remoteIp = "", localIp = "", remotePort = "", localPort = "", ...more] = fields;
  if (more.length > 0) throw malformed("it has too many fields");
  const six = protocol === "TCP6";
  return { length, ends: { remote: address(remoteIp, remotePort, six), local: address(localIp, localPort, six) } };
}

function address(ip: string, port: string, six: boolean): Address {
  const bytes = parseIp(ip);
  if (bytes === undefined || ip.includes(":") !== six) throw malformed("an address is none");
  if (!/^(0|[1-9][0-9]{0,4})$/.test(port) || Number(port) > 65_535) throw malformed("a port is none");
  return { ip: formatIp(bytes), port: Number(port) };
}

/** The line for a connection; both addresses are of one family in it. */
export function writeVersion1(remote: Address, local: Address): Buffer {
  const [source, destination] = [parseIp(remote.ip), parseIp(local.ip)];
  if (source === undefined || destination === undefined) return Buffer.from("PROXY UNKNOWN\r\n");
  const six = !isIpv4(source) || !isIpv4(destination);
  const text = (bytes: Uint8Array): string => (six && isIpv4(bytes) ? `::ffff:${formatIp(bytes)}` : formatIp(bytes));
  return Buffer.from(
    `PROXY ${six ? "TCP6" : "TCP4"} ${text(source)} ${text(destination)} ${remote.port} ${local.port}\r\n`,
  );
}
