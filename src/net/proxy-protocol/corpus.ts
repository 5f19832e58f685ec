import type { ProxiedEnds } from "./header.ts";
import { writeProxyHeader } from "./write-header.ts";

const spice = [
  "\r",
  "\n",
  "\r\n",
  "\0",
  " ",
  ".",
  ":",
  "0",
  "9",
  "256",
  "::",
  "%1",
  "\xff",
  "TCP6",
  "UNKNOWN",
  "PROXY ",
];
const ips = ["192.0.2.1", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::", "::1", "fe80::1"];

/** Headers that are right, and what comes of them when some bytes change; for fuzzers. */
export class ProxyCorpus {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): Buffer {
    const ends: ProxiedEnds = { remote: this.#address(), local: this.#address() };
    let bytes = writeProxyHeader(this.#below(2) === 0 ? "v1" : "v2", ends);
    if (bytes[0] === 13 && this.#below(3) === 0) {
      const vectors = Buffer.alloc(this.#below(40));
      bytes = Buffer.concat([bytes, vectors]);
      bytes.writeUInt16BE(bytes.length - 16, 14);
    }
    for (let changes = this.#below(4); changes > 0; changes--) bytes = this.#change(bytes);
    return this.#below(2) === 0 ? bytes : Buffer.concat([bytes, Buffer.from("GET / HTTP/1.1\r\n\r\n")]);
  }

  #address(): ProxiedEnds["remote"] {
    return { ip: ips[this.#below(ips.length)]!, port: this.#below(65_536) };
  }

  #change(bytes: Buffer): Buffer {
    const at = this.#below(bytes.length + 1);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    switch (this.#below(4)) {
      case 0:
        return Buffer.concat([before, after.subarray(1)]);
      case 1:
        return Buffer.concat([before, Buffer.from(spice[this.#below(spice.length)]!, "latin1"), after]);
      case 2:
        return Buffer.concat([before, Buffer.of(this.#below(256)), after.subarray(1)]);
      default:
        return Buffer.from(before);
    }
  }

  /** mulberry32: small, seeded and good enough to pick bytes with. */
  #below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % count;
  }
}
