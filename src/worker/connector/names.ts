import { Resolver } from "node:dns/promises";
import { systemCode } from "../../base/errors.ts";
import { errno, type Result } from "../../wasi/errno.ts";
import type { NameSources } from "../protocol.ts";

const queryMs = 2000;
const triesMax = 2;
/** Over all servers and tries. */
const lookupMsMax = 10_000;
const addressesMax = 32;
/** Answers are kept as long as their servers say, within these bounds: programs look a name up for each connection. */
const keptSeconds = { least: 1, most: 60 } as const;
const keptMax = 1024;

/** What says that there is no such name, or no such address of it; anything else says that nobody could tell. */
const absent: ReadonlySet<string | undefined> = new Set(["ENOTFOUND", "ENODATA", "EBADNAME"]);

interface Answer {
  readonly address: string;
  readonly ttl: number;
}

/** Turns names into addresses, by what the daemon said of /etc/hosts and of the name servers. */
export class Names {
  #resolver: Resolver | undefined;
  #hosts: ReadonlyMap<string, readonly string[]> = new Map();
  readonly #kept = new Map<string, { readonly addresses: readonly string[]; readonly until: number }>();
  /** Those under way, so that a crowd asks once. */
  readonly #asked = new Map<string, Promise<readonly Answer[] | Result>>();

  set({ servers, hosts }: NameSources): void {
    this.#resolver = undefined;
    if (servers.length > 0) {
      const resolver = new Resolver({ timeout: queryMs, tries: triesMax });
      resolver.setServers(servers);
      this.#resolver = resolver;
    }
    this.#hosts = new Map(Object.entries(hosts));
    this.#kept.clear();
  }

  /** What is known without asking anybody; undefined when that would take a question. */
  known(name: string, family: 4 | 6 | undefined): readonly string[] | Result | undefined {
    const local = this.#local(name)?.filter((ip) => family === undefined || ip.includes(":") === (family === 6));
    if (local !== undefined) return local.length > 0 ? local : -errno.NOENT;
    const kept = this.#kept.get(keyOf(name, family));
    return kept !== undefined && kept.until > performance.now() ? kept.addresses : undefined;
  }

  /** Asks for a name. IPv4 first, unless a family is asked for. -NOENT when there is none, -AGAIN when nobody could tell. */
  async lookUp(name: string, family: 4 | 6 | undefined): Promise<readonly string[] | Result> {
    const families = family === undefined ? ([4, 6] as const) : [family];
    const answers = await Promise.all(families.map((one) => this.#ask(name, one)));
    const found = answers.flatMap((answer) => (typeof answer === "number" ? [] : answer)).slice(0, addressesMax);
    if (found.length === 0) return answers.includes(-errno.AGAIN) ? -errno.AGAIN : -errno.NOENT;
    const addresses = found.map(({ address }) => address);
    this.#keep(keyOf(name, family), addresses, Math.min(...found.map(({ ttl }) => ttl)));
    return addresses;
  }

  #keep(key: string, addresses: readonly string[], ttl: number): void {
    const seconds = Math.min(Math.max(ttl, keptSeconds.least), keptSeconds.most);
    this.#kept.delete(key);
    if (this.#kept.size >= keptMax) {
      const [oldest] = this.#kept.keys();
      this.#kept.delete(oldest as string);
    }
    this.#kept.set(key, { addresses, until: performance.now() + seconds * 1000 });
  }

  #local(name: string): readonly string[] | undefined {
    // RFC 6761 §6.3: not for name servers.
    if (name === "localhost" || name.endsWith(".localhost")) return ["127.0.0.1", "::1"];
    return this.#hosts.get(name);
  }

  #ask(name: string, family: 4 | 6): Promise<readonly Answer[] | Result> {
    const key = keyOf(name, family);
    let answer = this.#asked.get(key);
    if (answer === undefined) {
      answer = this.#query(name, family).finally(() => this.#asked.delete(key));
      this.#asked.set(key, answer);
    }
    return answer;
  }

  async #query(name: string, family: 4 | 6): Promise<readonly Answer[] | Result> {
    const resolver = this.#resolver;
    if (resolver === undefined) return -errno.AGAIN;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Result>((resolve) => {
      timer = setTimeout(resolve, lookupMsMax, -errno.AGAIN);
    });
    const query = family === 4 ? resolver.resolve4(name, { ttl: true }) : resolver.resolve6(name, { ttl: true });
    try {
      return await Promise.race([query, late]);
    } catch (error) {
      return absent.has(systemCode(error)) ? -errno.NOENT : -errno.AGAIN;
    } finally {
      clearTimeout(timer);
    }
  }
}

function keyOf(name: string, family: 4 | 6 | undefined): string {
  return `${name} ${family ?? ""}`;
}
