import { Socket } from "node:net";
import type { Conduit } from "../base/conduit.ts";
import { resetConduit } from "../base/conduit.ts";
import { Tunnel } from "../base/tunnel.ts";
import { Acceptor } from "./acceptor.ts";
import type { Listener, ListenerShared } from "./listener.ts";
import { passOn } from "./pass-on.ts";
import { writeProxyHeader } from "./proxy-protocol/write-header.ts";
import { localAddress, remoteAddress, setEnds } from "./socket-address.ts";
import { StallWatch } from "./socket-handle.ts";
import type { StreamTerms } from "./stream-terms.ts";
import type { ElsewhereTarget, Passage, StreamTarget } from "./target.ts";
import type { Swept } from "./ticker.ts";

const writeStallMsMax = 30_000;
const passedMax = 3;

/** A listening socket whose connections go to a guest byte for byte. Its routes have no path, and a host where TLS names one. */
export class TcpListener implements Listener {
  readonly key: string;
  readonly #shared: ListenerShared;
  readonly #routes: string;
  readonly #connections = new Set<TcpConnection>();
  #acceptor: Acceptor | undefined;
  #onEmpty: (() => void) | undefined;

  /** `routes` is what its routes name, where it is not the key. */
  constructor(key: string, shared: ListenerShared, routes: string = key) {
    this.key = key;
    this.#shared = shared;
    this.#routes = routes;
  }

  async open(fd: number): Promise<void> {
    this.#acceptor = await Acceptor.open(fd, {
      connectionsMax: this.#shared.connectionsMax,
      descriptorsMax: this.#shared.descriptorsMax,
      proxies: this.#shared.proxies,
      onSocket: (socket) => this.begin(socket, new Uint8Array(0), 0),
      onTrouble: (code, message) => this.#shared.log({ code, message, listener: this.key }),
    });
  }

  get connections(): number {
    return this.#connections.size;
  }

  adopt(fd: number, bytes: Uint8Array, { passed, ends }: Passage): void {
    const socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true, manualStart: true } as never);
    if (ends !== undefined) setEnds(socket, ends);
    this.#acceptor?.adopted();
    this.begin(socket, bytes, passed);
  }

  close(): void {
    this.#acceptor?.close();
  }

  async drain(graceMs: number): Promise<void> {
    this.close();
    const all = setTimeout(() => this.destroy(), graceMs);
    await this.#acceptor?.settled();
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      if (this.#connections.size === 0) resolve();
    });
    clearTimeout(all);
  }

  destroy(): void {
    this.close();
    this.#acceptor?.destroy();
    for (const connection of this.#connections) connection.socket.destroy();
  }

  /** Serves a connection of which `bytes` were read; `host` is whom its client named, if it did. */
  begin(socket: Socket, bytes: Uint8Array, passed: number, host = ""): void {
    const connection = new TcpConnection(socket);
    this.#connections.add(connection);
    this.#shared.ticker.add(connection);
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#connections.delete(connection);
      this.#shared.ticker.remove(connection);
      this.#acceptor?.released();
      if (this.#connections.size === 0) this.#onEmpty?.();
    });
    this.#route(connection, bytes, passed, host).catch((error: unknown) => {
      this.#shared.log({ code: "service.unavailable", message: String(error), listener: this.key });
      socket.resetAndDestroy();
    });
  }

  async #route(connection: TcpConnection, bytes: Uint8Array, passed: number, host: string): Promise<void> {
    const { socket } = connection;
    const match = this.#shared.router.match(this.#routes, host, "/", false, localAddress(socket).ip);
    const target = match?.target;
    if (target?.kind === "stream") await this.#connect(connection, bytes, target, match?.stream);
    else if (target?.kind === "elsewhere" && passed < passedMax) await this.#pass(socket, bytes, target, passed + 1);
    else socket.resetAndDestroy();
  }

  async #pass(socket: Socket, bytes: Uint8Array, target: ElsewhereTarget, passed: number): Promise<void> {
    await passOn(socket, bytes, target, { listener: this.key, passed });
  }

  async #connect(
    connection: TcpConnection,
    bytes: Uint8Array,
    target: StreamTarget,
    terms: StreamTerms | undefined,
  ): Promise<void> {
    const { socket } = connection;
    const { activity, policy } = target;
    const leave = policy === undefined ? () => {} : policy.connection(remoteAddress(socket).ip, activity);
    if (leave === undefined) {
      socket.resetAndDestroy();
      return;
    }
    activity.requests++;
    activity.active++;
    const release = () => {
      leave();
      if (--activity.active === 0) activity.onIdle?.();
    };
    let conduit: Conduit;
    try {
      conduit = await target.connect(remoteAddress(socket));
    } catch (error) {
      release();
      throw error;
    }
    if (socket.destroyed) {
      resetConduit(conduit, "the client went away");
      release();
      return;
    }
    connection.idleMs = terms?.idleMs;
    if (terms?.proxy !== undefined)
      conduit.output.push(
        writeProxyHeader(terms.proxy, { remote: remoteAddress(socket), local: localAddress(socket) }),
      );
    new Tunnel(socket, conduit, release).start(bytes.length > 0 ? bytes : undefined);
  }
}

class TcpConnection implements Swept {
  readonly socket: Socket;
  /** How long nothing may move on it; for ever when undefined. */
  idleMs: number | undefined;
  readonly #stall: StallWatch;
  #moved = 0;
  #movedAt = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    this.#stall = new StallWatch(socket);
  }

  sweep(now: number): void {
    if (this.#stall.stalled(now, writeStallMsMax) || this.#idle(now)) this.socket.resetAndDestroy();
  }

  #idle(now: number): boolean {
    if (this.idleMs === undefined) return false;
    const moved = this.socket.bytesRead + this.socket.bytesWritten;
    if (this.#movedAt === 0 || moved !== this.#moved) {
      this.#moved = moved;
      this.#movedAt = now;
    }
    return now - this.#movedAt > this.idleMs;
  }
}
