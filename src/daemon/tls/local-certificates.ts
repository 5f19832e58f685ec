import { parseIp } from "../../base/ip.ts";
import { specialBlock } from "../../base/ip-special.ts";
import type { Logger } from "../logger.ts";
import { checkPair } from "./certificate.ts";
import type { CertificateEntry, Certificates } from "./certificates.ts";
import type { LocalCa } from "./local-ca.ts";

const dayMs = 24 * 60 * 60_000;
/** Made anew when they last no longer than that. */
const leftMs = 30 * dayMs;
/** For clients that name no host, or one that has no certificate. */
const standard = ["localhost", "127.0.0.1", "::1"] as const;
/** Hosts that are routed, and so a bound on what is made: nobody's hello makes one. */
const hostsMax = 10_000;

export interface LocalCertificatesOptions {
  readonly ca: LocalCa;
  readonly certificates: Certificates;
  readonly log: Logger;
  /** Every host without another certificate gets one, not this machine's own names alone: nothing else is configured. */
  readonly everyHost: boolean;
  /** Addresses that the https listeners are dialled at, as far as they are of this machine or its network. */
  readonly addresses: readonly string[];
  /** Hosts of the routes. */
  hosts(): Iterable<string>;
}

/** Certificates by the machine's own authority for names that nobody else certifies. */
export class LocalCertificates {
  readonly #options: LocalCertificatesOptions;
  readonly #timer: NodeJS.Timeout;
  #going: Promise<void> = Promise.resolve();
  #asked: boolean = false;
  #made: ReadonlySet<string> = new Set();

  constructor(options: LocalCertificatesOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.refresh(), dayMs).unref();
  }

  /** Looks at what is routed. Resolves when every host that is to have a certificate has one, or could not be given one. */
  refresh(): Promise<void> {
    // One that waits sees what has changed since: it is enough for all who ask meanwhile.
    if (this.#asked) return this.#going;
    this.#asked = true;
    this.#going = this.#going.then(async () => {
      this.#asked = false;
      try {
        await this.#refresh();
      } catch (error) {
        this.#options.log.error({ err: error }, "certificates of the local authority could not be made");
      }
    });
    return this.#going;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #refresh(): Promise<void> {
    const { ca, certificates, everyHost, addresses } = this.#options;
    const wanted = new Set<string>(["localhost"]);
    for (const host of this.#options.hosts()) {
      if (wanted.size >= hostsMax) break;
      if (isLocal(host) || (everyHost && !certifiedElsewhere(certificates, host))) wanted.add(host);
    }
    const entries: CertificateEntry[] = [];
    for (const name of wanted) {
      const known = certificates.get("local", name);
      if (known !== undefined && known.notAfter > Date.now() + leftMs) continue;
      const names: [string, ...string[]] =
        name === "localhost" ? ([...new Set([...standard, ...addresses])] as [string]) : [name];
      entries.push({ ...checkPair(await ca.pairFor(names, leftMs)), source: "local", name });
    }
    const gone = [...this.#made].filter((name) => !wanted.has(name));
    if (entries.length === 0 && gone.length === 0) return;
    await certificates.replace(
      entries,
      gone.map((name) => ({ source: "local", name })),
    );
    this.#made = wanted;
    await ca.keepOnly(wanted);
  }
}

/** Whether an address is of this machine or of its network, so that no authority of the web certifies it. */
export function isNearby(ip: string): boolean {
  const bytes = parseIp(ip);
  const use = bytes && specialBlock(bytes)?.use;
  return use === "loopback" || use === "private" || use === "link-local";
}

/** RFC 6761 §6.3. */
function isLocal(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost");
}

function certifiedElsewhere(certificates: Certificates, host: string): boolean {
  const shown = certificates.find(host);
  return shown !== undefined && shown.source !== "local";
}
