import { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { Acceptor } from "../acceptor.ts";
import type { Client } from "../client.ts";
import { HttpListener } from "../http-listener.ts";
import type { HttpLimits } from "../http1/limits.ts";
import type { Listener, ListenerShared } from "../listener.ts";
import { clientOf, localAddress, setEnds } from "../socket-address.ts";
import type { Passage } from "../target.ts";
import { TcpListener } from "../tcp.ts";
import type { ClientHello } from "./client-hello.ts";
import { FailureLog } from "./failure-log.ts";
import { Handshake } from "./handshake.ts";
import { passthroughKey } from "./passthrough-key.ts";
import type { TlsTerminator } from "./terminator.ts";

/** A listening socket whose connections speak HTTP over TLS, or TLS with a guest. */
export class HttpsListener implements Listener {
  readonly key: string;
  readonly #shared: ListenerShared;
  /** None where other processes accept: then only guests that do TLS themselves have connections here, and other fronts. */
  readonly #terminator: TlsTerminator | undefined;
  /** Has the connections whose handshake is done, and those of other workers' fronts. */
  readonly #http: HttpListener;
  /** Has those that go to guests which do TLS themselves. */
  readonly #untouched: TcpListener;
  readonly #named: string;
  readonly #handshakes = new Set<Handshake>();
  readonly #failures: FailureLog;
  #acceptor: Acceptor | undefined;
  #onSettled: (() => void) | undefined;

  constructor(key: string, limits: HttpLimits, shared: ListenerShared, terminator: TlsTerminator | undefined) {
    this.key = key;
    this.#shared = shared;
    this.#terminator = terminator;
    this.#http = new HttpListener(key, limits, shared);
    this.#named = passthroughKey(key);
    this.#untouched = new TcpListener(key, shared, this.#named);
    this.#failures = new FailureLog(shared.ticker, (message) =>
      shared.log({ code: "tls.handshake", message, listener: key }),
    );
  }

  async open(fd: number): Promise<void> {
    this.#acceptor = await Acceptor.open(fd, {
      connectionsMax: this.#shared.connectionsMax,
      descriptorsMax: this.#shared.descriptorsMax,
      proxies: this.#shared.proxies,
      onSocket: (socket) => this.#begin(socket, undefined, 0),
      onTrouble: (code, message) => this.#shared.log({ code, message, listener: this.key }),
    });
  }

  get connections(): number {
    return this.#handshakes.size + this.#http.connections + this.#untouched.connections;
  }

  adopt(fd: number, bytes: Uint8Array, passage: Passage): void {
    if (passage.peer) {
      this.#http.adopt(fd, bytes, passage);
      return;
    }
    // It came for a guest that does TLS itself, and is routed by its hello once more.
    const socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
    if (passage.ends !== undefined) setEnds(socket, passage.ends);
    this.#acceptor?.adopted();
    this.#begin(socket, bytes, passage.passed);
  }

  close(): void {
    this.#acceptor?.close();
  }

  async drain(graceMs: number): Promise<void> {
    this.close();
    const until = performance.now() + graceMs;
    const all = setTimeout(() => this.destroy(), graceMs);
    await this.#acceptor?.settled();
    // Handshakes end as connections: those are waited for after them.
    await Promise.all([this.#http.drain(graceMs), this.#settled()]);
    clearTimeout(all);
    const leftMs = Math.max(0, until - performance.now());
    await Promise.all([this.#http.drain(leftMs), this.#untouched.drain(leftMs)]);
  }

  destroy(): void {
    this.close();
    this.#acceptor?.destroy();
    for (const handshake of this.#handshakes) handshake.socket.destroy();
    this.#http.destroy();
    this.#untouched.destroy();
  }

  #settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#onSettled = resolve;
      if (this.#handshakes.size === 0) resolve();
    });
  }

  #begin(socket: Socket, ahead: Uint8Array | undefined, passed: number): void {
    const handshake = new Handshake(socket, this.#shared.ticker.now, {
      hello: (hello, bytes) => this.#hello(handshake, hello, bytes, passed),
      failed: (error) => this.#failures.add(error.code ?? "error"),
    });
    socket.once("close", () => {
      this.#acceptor?.released();
      this.#forget(handshake);
    });
    if (this.#handshakes.size >= this.#shared.handshakesMax) {
      const [oldest] = this.#handshakes;
      this.#failures.add("too many at a time");
      oldest?.socket.destroy();
    }
    this.#handshakes.add(handshake);
    this.#shared.ticker.add(handshake);
    handshake.start(ahead);
  }

  #hello(handshake: Handshake, hello: ClientHello, bytes: Buffer, passed: number): void {
    const { socket } = handshake;
    const { router } = this.#shared;
    if (hello.host !== "" && router.match(this.#named, hello.host, "/", false, localAddress(socket).ip) !== undefined) {
      this.#forget(handshake);
      this.#untouched.begin(socket, bytes, passed, hello.host);
      return;
    }
    if (this.#terminator === undefined) {
      socket.destroy();
      return;
    }
    socket.unshift(bytes);
    this.#terminator.secure(socket, hello, {
      done: (secure) => {
        this.#forget(handshake);
        this.#serve(secure, hello);
      },
      failed: (error) => this.#failures.add(error.code ?? "error"),
    });
  }

  #serve(socket: TLSSocket, { host }: ClientHello): void {
    const client: Client = { ...clientOf(socket), scheme: "https", tlsHost: host };
    if (socket.alpnProtocol === "h2") this.#http.beginHttp2(socket, client, {});
    else this.#http.begin(socket, client, "secure", 0);
  }

  #forget(handshake: Handshake): void {
    if (!this.#handshakes.delete(handshake)) return;
    this.#shared.ticker.remove(handshake);
    if (this.#handshakes.size === 0) this.#onSettled?.();
  }
}
