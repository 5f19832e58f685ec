import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { createSecureContext, createServer, type SecureContext, type Server, type TLSSocket } from "node:tls";
import { carrierOf } from "../socket-handle.ts";
import { challengeProtocol } from "./challenges.ts";
import type { ClientHello } from "./client-hello.ts";
import type { FrontTls } from "./front-tls.ts";
import type { KeyPair } from "./shown-certificates.ts";

/** Contexts that are kept ready, the least recently used leaving first; each holds some 50 KB of OpenSSL's memory. */
const contextsMax = 2000;

const contextOptions = {
  minVersion: "TLSv1.2",
  // RFC 9325 §3.4; and renegotiation is work that a client can ask for again and again.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE,
  // A ticket is taken where this is the same; Node's own choice depends on the arguments of the process.
  sessionIdContext: "warren",
} as const;

interface Waiting {
  done(socket: TLSSocket): void;
  failed(error: NodeJS.ErrnoException): void;
}

/** Makes TLS connections of TCP connections, for all https listeners of one front. */
export class TlsTerminator {
  readonly #tls: FrontTls;
  readonly #server: Server;
  /** For certificate authorities only: its connections carry nothing. */
  readonly #challengeServer: Server;
  readonly #waiting = new WeakMap<Socket, Waiting>();
  /** Made when a client first asks, since it takes a fifth of a millisecond. In order of use. */
  readonly #contexts = new Map<KeyPair, SecureContext>();

  constructor(tls: FrontTls) {
    this.#tls = tls;
    this.#server = createServer({
      ...contextOptions,
      ALPNProtocols: ["h2", "http/1.1"],
      SNICallback: (host, done) => this.#choose(host, done),
    });
    this.#server.on("secureConnection", (socket) => {
      const carrier = carrierOf(socket);
      // net.Socket's own is for handles of TCP only.
      socket.resetAndDestroy = () => {
        carrier.resetAndDestroy();
        return socket;
      };
      this.#waiting.get(carrier)?.done(socket);
    });
    this.#challengeServer = createServer({
      ...contextOptions,
      ALPNProtocols: [challengeProtocol],
      SNICallback: (host, done) => {
        const pair = tls.challenges.alpn(host.toLowerCase());
        done(null, pair && createSecureContext({ ...contextOptions, cert: pair.chain, key: pair.key }));
      },
    });
    // RFC 8737 §3: the handshake is all that is wanted.
    this.#challengeServer.on("secureConnection", (socket) => socket.on("error", () => {}).end());
    for (const server of [this.#server, this.#challengeServer])
      server.on("tlsClientError", (error, socket) => {
        this.#waiting.get(carrierOf(socket))?.failed(error);
        socket.destroy();
      });
    tls.certificates.onStandard = () => this.#useStandard();
    tls.onTicketKey = () => this.#useStandard();
    this.#useStandard();
  }

  /** Goes on with a socket that the hello was read from and put back. One of the two is called, once, unless it is destroyed. */
  secure(socket: Socket, hello: ClientHello, waiting: Waiting): void {
    this.#waiting.set(socket, waiting);
    // A client that offers it has nothing else in mind: RFC 8737 §3.
    const server = hello.protocols.includes(challengeProtocol) ? this.#challengeServer : this.#server;
    server.emit("connection", socket);
  }

  #choose(host: string, done: (error: Error | null, context?: SecureContext) => void): void {
    let context: SecureContext | undefined;
    try {
      context = this.#context(host.toLowerCase().replace(/\.$/, ""));
    } catch (error) {
      done(error as Error);
      return;
    }
    done(null, context);
  }

  /** Undefined for a name without a certificate: it is shown the standard one. */
  #context(host: string): SecureContext | undefined {
    const pair = this.#tls.certificates.pairFor(host);
    if (pair === undefined) return undefined;
    let context = this.#contexts.get(pair);
    if (context === undefined) {
      context = createSecureContext({ ...contextOptions, cert: pair.chain, key: pair.key });
      const [oldest] = this.#contexts.keys();
      if (this.#contexts.size >= contextsMax && oldest !== undefined) this.#contexts.delete(oldest);
    } else this.#contexts.delete(pair);
    this.#contexts.set(pair, context);
    return context;
  }

  #useStandard(): void {
    const { ticketKey, certificates } = this.#tls;
    const { standard } = certificates;
    this.#server.setSecureContext({
      ...contextOptions,
      // OpenSSL opens tickets with the key of the context that a connection begins with.
      ...(ticketKey === undefined ? {} : { ticketKeys: ticketKey }),
      ...(standard === undefined ? {} : { cert: standard.chain, key: standard.key }),
    });
  }
}
