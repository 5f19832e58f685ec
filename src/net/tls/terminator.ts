import { constants } from "node:crypto";
import type { Socket } from "node:net";
import type { Server, TLSSocket, TlsOptions } from "node:tls";
import { localAddress } from "../socket-address.ts";
import { carrierOf } from "../socket-handle.ts";
import { challengeProtocol } from "./challenges.ts";
import type { ClientHello } from "./client-hello.ts";
import type { FrontTls } from "./front-tls.ts";
import type { KeyPair } from "./shown-certificates.ts";

/** Kept ready, the least recently used leaving first; each holds some 50 KB of OpenSSL's memory. */
const serversMax = 2000;

const options: TlsOptions = {
  minVersion: "TLSv1.2",
  // RFC 9325 §3.4; and renegotiation is work that a client can ask for again and again.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE,
  // A ticket is taken where this is the same; Node's own choice depends on the arguments of the process.
  sessionIdContext: "warren",
};

/** A fatal alert in clear (RFC 8446 §6): unrecognized_name, RFC 6066 §3. */
const unrecognizedName = Buffer.of(21, 3, 1, 0, 2, 2, 112);

export interface SecureSteps {
  done(socket: TLSSocket): void;
  failed(error: { readonly code?: string }): void;
}

/** Makes TLS connections of TCP connections, for all https listeners of one front. */
export class TlsTerminator {
  readonly #tls: FrontTls;
  /**
   * One for each certificate that is in use, made when a client first asks for it. The hello is known before, so none has to
   * choose another context in the middle of a handshake: that costs 25 µs.
   */
  readonly #servers = new Map<KeyPair, Server>();
  readonly #waiting = new WeakMap<Socket, SecureSteps>();

  constructor(tls: FrontTls) {
    this.#tls = tls;
    tls.onTicketKey = (key) => {
      for (const server of this.#servers.values()) server.setTicketKeys(key);
    };
  }

  /**
   * Goes on with a socket that the hello was read from and put back. Of the
   * two steps one follows, unless it is destroyed, or the handshake of a challenge is all there was to it.
   */
  secure(socket: Socket, hello: ClientHello, steps: SecureSteps): void {
    let server: Server | undefined;
    try {
      server = this.#serverFor(socket, hello);
    } catch {
      // The daemon has checked it with the same OpenSSL.
      steps.failed({ code: "tls.certificate" });
    }
    if (server === undefined) {
      socket.write(unrecognizedName);
      socket.destroySoon();
      return;
    }
    this.#waiting.set(socket, steps);
    // As documented: https://nodejs.org/api/tls.html#event-connection
    server.emit("connection", socket);
  }

  #serverFor(socket: Socket, { host, protocols }: ClientHello): Server | undefined {
    const { certificates, challenges } = this.#tls;
    if (protocols.includes(challengeProtocol)) {
      const pair = challenges.alpn(host);
      return pair && this.#challengeServer(pair);
    }
    // Clients that dial an address name no host; there are certificates for addresses.
    const name = host === "" ? localAddress(socket).ip : host;
    const pair = certificates.pairFor(name) ?? certificates.standard;
    if (pair === undefined) return undefined;
    let server = this.#servers.get(pair);
    if (server === undefined) {
      server = this.#server(pair);
      const [oldest] = this.#servers.keys();
      if (this.#servers.size >= serversMax && oldest !== undefined) this.#servers.delete(oldest);
    } else this.#servers.delete(pair);
    this.#servers.set(pair, server);
    return server;
  }

  #server({ chain, key }: KeyPair): Server {
    const { ticketKey } = this.#tls;
    const ticketKeys = ticketKey === undefined ? {} : { ticketKeys: ticketKey };
    const server = tls().createServer({
      ...options,
      ...ticketKeys,
      cert: chain,
      key,
      ALPNProtocols: ["h2", "http/1.1"],
    });
    server.on("secureConnection", (socket) => {
      const carrier = carrierOf(socket);
      // net.Socket's own is for handles of TCP only.
      socket.resetAndDestroy = () => {
        carrier.resetAndDestroy();
        return socket;
      };
      this.#waiting.get(carrier)?.done(socket);
    });
    this.#watch(server);
    return server;
  }

  #challengeServer({ chain, key }: KeyPair): Server {
    const server = tls().createServer({ ...options, cert: chain, key, ALPNProtocols: [challengeProtocol] });
    // RFC 8737 §3: the handshake is all that is wanted.
    server.on("secureConnection", (socket) => socket.on("error", () => {}).end());
    this.#watch(server);
    return server;
  }

  #watch(server: Server): void {
    server.on("tlsClientError", (error, socket) => {
      this.#waiting.get(carrierOf(socket))?.failed(error as NodeJS.ErrnoException);
      socket.destroy();
    });
  }
}

/** Loaded when the first connection needs it: it takes 7 MiB. */
function tls(): typeof import("node:tls") {
  return process.getBuiltinModule("node:tls");
}
