/** An IP address in 16 bytes; one of IPv4 as its v4-mapped form `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2), which means the same host. */
export type IpBytes = Uint8Array;

/** A block of addresses: the first `bits` of `bytes`, of 128. */
export interface IpNetwork {
  readonly bytes: IpBytes;
  readonly bits: number;
}

const mappedPrefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** Undefined for what is not the text of an address. Strict: four decimal numbers, or RFC 4291 §2.2; no zone, no brackets. */
export function parseIp(text: string): IpBytes | undefined {
  if (!text.includes(":")) {
    const four = parseIpv4(text);
    return four && Uint8Array.from([...mappedPrefix, ...four]);
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const front = parseGroups(halves[0]!, halves.length === 1);
  const back = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (front === undefined || back === undefined) return undefined;
  // `::` stands for one group of zeros at least.
  if (halves.length === 2 ? front.length + back.length > 14 : front.length !== 16) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(front);
  bytes.set(back, 16 - back.length);
  return bytes;
}

/** As RFC 5952 has it; one of IPv4 and its v4-mapped form as four decimal numbers. */
export function formatIp(bytes: IpBytes): string {
  if (isIpv4(bytes)) return bytes.subarray(12).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  // §4.2: the longest run of zero groups, of two or more, the first of equals, becomes `::`.
  let best = { at: -1, length: 1 };
  for (let at = 0; at < groups.length; at++) {
    let length = 0;
    while (groups[at + length] === "0") length++;
    if (length > best.length) best = { at, length };
  }
  if (best.at < 0) return groups.join(":");
  return `${groups.slice(0, best.at).join(":")}::${groups.slice(best.at + best.length).join(":")}`;
}

export function isIpv4(bytes: IpBytes): boolean {
  return mappedPrefix.every((byte, at) => bytes[at] === byte);
}

/** `10.0.0.0/8`, `fd00::/8`, or an address alone. Undefined for anything else; what follows the prefix does not matter. */
export function parseNetwork(text: string): IpNetwork | undefined {
  const [address = "", length, ...rest] = text.split("/");
  const bytes = parseIp(address);
  if (bytes === undefined || rest.length > 0) return undefined;
  if (length === undefined) return { bytes, bits: 128 };
  if (!/^(0|[1-9][0-9]{0,2})$/.test(length)) return undefined;
  const bits = address.includes(":") ? Number(length) : 96 + Number(length);
  return bits > 128 ? undefined : { bytes, bits };
}

/** Whether an address lies in a block. */
export function inNetwork(address: IpBytes, { bytes, bits }: IpNetwork): boolean {
  const whole = bits >> 3;
  for (let at = 0; at < whole; at++) if (address[at] !== bytes[at]) return false;
  const rest = bits & 7;
  return rest === 0 || (address[whole]! ^ bytes[whole]!) >> (8 - rest) === 0;
}

/** Whether all of a block lies in another. */
export function isWithin(inner: IpNetwork, outer: IpNetwork): boolean {
  return inner.bits >= outer.bits && inNetwork(inner.bytes, outer);
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split(".");
  // A leading zero means octal to some (inet_aton) and nothing to others.
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part))) return undefined;
  const numbers = parts.map(Number);
  return numbers.every((number) => number <= 255) ? numbers : undefined;
}

/** `last`: an IPv4 address may stand at the end. */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [at, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
      continue;
    }
    const four = last && at === groups.length - 1 ? parseIpv4(group) : undefined;
    if (four === undefined) return undefined;
    bytes.push(...four);
  }
  return bytes.length > 16 ? undefined : bytes;
}
