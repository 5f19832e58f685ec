import { Resolver } from "node:dns/promises";
import { systemCode } from "../../base/errors.ts";
import { errno, type Result } from "../../wasi/errno.ts";
import type { NameSources } from "../protocol.ts";

const queryMs = 2000;
const triesMax = 2;
/** Over all servers and tries. */
const lookupMsMax = 10_000;
const addressesMax = 32;

/** What says that there is no such name, or no such address of it; anything else says that nobody could tell. */
const absent: ReadonlySet<string | undefined> = new Set(["ENOTFOUND", "ENODATA", "EBADNAME"]);

/** Turns names into addresses, by what the daemon said of /etc/hosts and of the name servers. */
export class Names {
  #resolver: Resolver | undefined;
  #hosts: ReadonlyMap<string, readonly string[]> = new Map();
  /** Those under way, so that a crowd asks once. */
  readonly #asked = new Map<string, Promise<readonly string[] | Result>>();

  set({ servers, hosts }: NameSources): void {
    this.#resolver = undefined;
    if (servers.length > 0) {
      const resolver = new Resolver({ timeout: queryMs, tries: triesMax });
      resolver.setServers(servers);
      this.#resolver = resolver;
    }
    this.#hosts = new Map(Object.entries(hosts));
  }

  /** IPv4 first, unless a family is asked for. -NOENT when there is none, -AGAIN when it could not be found out. */
  async lookUp(name: string, family: 4 | 6 | undefined): Promise<readonly string[] | Result> {
    const known = this.#known(name);
    if (known !== undefined) {
      const found = known.filter((ip) => family === undefined || ip.includes(":") === (family === 6));
      return found.length > 0 ? found : -errno.NOENT;
    }
    const families = family === undefined ? ([4, 6] as const) : [family];
    const answers = await Promise.all(families.map((one) => this.#ask(name, one)));
    const addresses = answers.flatMap((answer) => (typeof answer === "number" ? [] : answer)).slice(0, addressesMax);
    if (addresses.length > 0) return addresses;
    return answers.includes(-errno.AGAIN) ? -errno.AGAIN : -errno.NOENT;
  }

  #known(name: string): readonly string[] | undefined {
    // RFC 6761 §6.3: not for name servers.
    if (name === "localhost" || name.endsWith(".localhost")) return ["127.0.0.1", "::1"];
    return this.#hosts.get(name);
  }

  #ask(name: string, family: 4 | 6): Promise<readonly string[] | Result> {
    const key = `${name} ${family}`;
    let answer = this.#asked.get(key);
    if (answer === undefined) {
      answer = this.#query(name, family).finally(() => this.#asked.delete(key));
      this.#asked.set(key, answer);
    }
    return answer;
  }

  async #query(name: string, family: 4 | 6): Promise<readonly string[] | Result> {
    const resolver = this.#resolver;
    if (resolver === undefined) return -errno.AGAIN;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Result>((resolve) => {
      timer = setTimeout(resolve, lookupMsMax, -errno.AGAIN);
    });
    const query = family === 4 ? resolver.resolve4(name) : resolver.resolve6(name);
    try {
      return await Promise.race([query, late]);
    } catch (error) {
      return absent.has(systemCode(error)) ? -errno.NOENT : -errno.AGAIN;
    } finally {
      clearTimeout(timer);
    }
  }
}
