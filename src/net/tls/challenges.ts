import type { Answer } from "../answer.ts";
import type { KeyPair } from "./shown-certificates.ts";

/** RFC 8555 §8.3. */
const httpPrefix = "/.well-known/acme-challenge/";
const fields = [["Content-Type", "application/octet-stream"]] as const;
/** RFC 8737 §6.2. */
export const challengeProtocol = "acme-tls/1";

/** What certificate authorities look for to see that a host is ours. The daemon says what it is. */
export class Challenges {
  readonly #http = new Map<string, Answer>();
  readonly #alpn = new Map<string, KeyPair>();

  clear(): void {
    this.#http.clear();
    this.#alpn.clear();
  }

  /** An empty answer takes the token back. */
  setHttp(token: string, answer: string): void {
    if (answer === "") this.#http.delete(token);
    else this.#http.set(token, { status: 200, fields, body: Buffer.from(answer) });
  }

  setAlpn(host: string, pair: KeyPair | undefined): void {
    if (pair === undefined) this.#alpn.delete(host);
    else this.#alpn.set(host, pair);
  }

  /** What is to be answered at this path of any host; undefined for a path that is no challenge of ours. */
  http(path: string): Answer | undefined {
    return this.#http.size > 0 && path.startsWith(httpPrefix)
      ? this.#http.get(path.slice(httpPrefix.length))
      : undefined;
  }

  /** What to show for a host to a client that offers {@link challengeProtocol}. */
  alpn(host: string): KeyPair | undefined {
    return this.#alpn.get(host);
  }
}
