import type { IncomingHttpHeaders } from "node:http";
import type { Agent } from "node:https";
import { systemCode } from "../../base/errors.ts";
import { version } from "../../base/version.ts";
import { AcmeError, quoted } from "./acme-error.ts";

/** Of one exchange, from the name's look-up to the last byte. Let's Encrypt answers a finalize in some seconds. */
const exchangeMsMax = 30_000;
/** Chains are some KB, directories and orders less. */
const bodyBytesMax = 256 * 1024;
const urlCharsMax = 2048;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Asks one CA, over TLS and within bounds. */
export class Transport {
  readonly #agent: Agent;
  readonly #exchangeMsMax: number;

  /** `roots` are PEM certificates that are trusted besides the public ones. */
  constructor(roots: string | undefined, limits: { readonly exchangeMsMax?: number } = {}) {
    // Not static imports: a daemon without ACME has no use for these, which take 8 MiB.
    const { Agent } = process.getBuiltinModule("node:https");
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 4,
      ...(roots === undefined ? {} : { ca: [...process.getBuiltinModule("node:tls").rootCertificates, roots] }),
    });
    this.#exchangeMsMax = limits.exchangeMsMax ?? exchangeMsMax;
  }

  /** Sends a body as application/jose+json, or nothing. Redirects are not followed. Throws `acme.unreachable`, `acme.answer`. */
  async send(
    method: "GET" | "HEAD" | "POST",
    url: string,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { host } = checkUrl(url);
    const timeout = AbortSignal.timeout(this.#exchangeMsMax);
    try {
      return await this.#exchange(method, url, body, AbortSignal.any([signal, timeout]));
    } catch (error) {
      if (error instanceof AcmeError || signal.aborted) throw error;
      // One that failed at several addresses has a code and no message.
      const said = quoted((error as Error).message) || systemCode(error) || "no connection";
      const why = timeout.aborted ? `it did not answer within ${this.#exchangeMsMax / 1000} s` : said;
      throw new AcmeError("acme.unreachable", `the CA at ${host} could not be asked: ${why}`, "ca", { cause: error });
    }
  }

  #exchange(method: string, url: string, body: string | undefined, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asking = process.getBuiltinModule("node:https").request(
        url,
        {
          method,
          agent: this.#agent,
          signal,
          headers: {
            // RFC 8555 §6.1 asks for the client's name.
            "user-agent": `warren/${version}`,
            "accept-encoding": "identity",
            ...(body === undefined
              ? {}
              : { "content-type": "application/jose+json", "content-length": Buffer.byteLength(body) }),
          },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          let bytes = 0;
          answer.on("data", (chunk: Buffer) => {
            bytes += chunk.length;
            if (bytes > bodyBytesMax) {
              reject(
                new AcmeError(
                  "acme.answer",
                  `the CA at ${new URL(url).host} sent more than ${bodyBytesMax} bytes`,
                  "ca",
                ),
              );
              asking.destroy();
            } else {
              chunks.push(chunk);
            }
          });
          answer.on("end", () =>
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
          );
          answer.on("error", reject);
        },
      );
      asking.on("error", reject);
      asking.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A CA says where its resources are: over https, and nowhere else (RFC 8555 §6.1). */
function checkUrl(text: string): URL {
  const url = text.length <= urlCharsMax ? URL.parse(text) : null;
  if (url?.protocol === "https:" && url.username === "" && url.password === "") return url;
  throw new AcmeError(
    "acme.answer",
    `the CA named ${JSON.stringify(text.slice(0, 80))}, which is no https address`,
    "ca",
  );
}
