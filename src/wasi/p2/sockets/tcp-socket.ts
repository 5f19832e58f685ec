import { errno } from "../../errno.ts";
import type { Waited } from "../../guest-thread.ts";
import { Connection } from "../../sockets/connection.ts";
import { ListenerSocket } from "../../sockets/listener-socket.ts";
import type { SocketOption, SocketOptions } from "../../sockets/socket-options.ts";
import { UnconnectedSocket } from "../../sockets/unconnected-socket.ts";
import { DescriptorInputStream, DescriptorOutputStream } from "../descriptor-streams.ts";
import type { P2Host } from "../host.ts";
import { Pollable, type Waitable } from "../pollable.ts";
import { done, err, ok, type WitResult } from "../result.ts";
import { SharedDescriptor } from "../shared-descriptor.ts";
import { causeOf, errorCode, failure } from "./error-code.ts";
import { bufferBytesMax, getDuration, keepAliveCountMax, setDuration, setPositive } from "./option-values.ts";
import {
  type AddressFamily,
  remoteAddress,
  unicastAddress,
  type WitSocketAddress,
  witSocketAddress,
} from "./socket-address.ts";

type Kernel = UnconnectedSocket | Connection | ListenerSocket;
type Outcome<T> = WitResult<T, string>;
type Done = Outcome<undefined>;
type Streams = [input: DescriptorInputStream, output: DescriptorOutputStream];

/** As TcpSocketOperationalSemantics.md of wasi:sockets names them. What is started is done already, but for a connection. */
type State =
  | "unbound"
  | "bind-started"
  | "bound"
  | "listen-started"
  | "listening"
  | "connect-started"
  | "connected"
  | "closed";

/** `wasi:sockets/tcp.tcp-socket`, in the instance's own network. Its streams go on working when it is dropped before them. */
export class TcpSocket implements Waitable {
  readonly family: AddressFamily;
  readonly #host: P2Host;
  readonly #shared: SharedDescriptor<Kernel>;
  #state: State;
  /** Why the connection could not be begun: a positive errno. */
  #refusal = 0;

  private constructor(host: P2Host, family: AddressFamily, shared: SharedDescriptor<Kernel>, state: State) {
    this.#host = host;
    this.family = family;
    this.#shared = shared;
    this.#state = state;
  }

  static create(host: P2Host, family: AddressFamily): Outcome<TcpSocket> {
    if (host.table.full) return failure(-errno.MFILE);
    const socket = new UnconnectedSocket(family === "ipv4" ? 4 : 6);
    // "On IPv6 sockets, IPV6_V6ONLY is enabled by default and can't be configured otherwise."
    if (family === "ipv6") socket.options.set("ipv6Only", 1);
    return ok(new TcpSocket(host, family, SharedDescriptor.add<Kernel>(host.table, socket), "unbound"));
  }

  startBind(address: WitSocketAddress): Done {
    const refused = this.#refuseUnless("unbound");
    if (refused !== undefined) return refused;
    const socket = this.#shared.descriptor as UnconnectedSocket;
    const local = unicastAddress(this.family, address);
    if (local === undefined) return err("invalid-argument");
    const { network } = this.#host;
    const port = local.port === 0 ? network.choosePort("tcp") : local.port;
    if (port < 0) return failure(port);
    if (!network.isFree({ ip: local.ip, port }, this.family === "ipv6") && this.#handed(port) === undefined) {
      return failure(-errno.ADDRINUSE);
    }
    socket.local = { ip: local.ip, port };
    this.#state = "bind-started";
    return done;
  }

  finishBind(): Done {
    return this.#finish("bind-started", "bound");
  }

  startConnect(address: WitSocketAddress): Done {
    const refused = this.#state === "bound" ? undefined : this.#refuseUnless("unbound");
    if (refused !== undefined) return refused;
    const remote = remoteAddress(this.family, address);
    if (remote === undefined) return err("invalid-argument");
    const socket = this.#shared.descriptor as UnconnectedSocket;
    const connection = new Connection(undefined, socket.options);
    const result = connection.connect((signal) => this.#host.dialler.connect(remote, signal));
    this.#shared.replace(connection);
    this.#refusal = result === 0 || result === -errno.INPROGRESS ? 0 : -result;
    this.#state = "connect-started";
    return done;
  }

  finishConnect(): Outcome<Streams> {
    if (this.#state !== "connect-started") return err("not-in-progress");
    const connection = this.#shared.descriptor as Connection;
    if (connection.connecting) return err("would-block");
    if (!connection.connected) {
      this.#state = "closed";
      const error = this.#refusal === 0 ? connection.takeError() : this.#refusal;
      return err(errorCode(error));
    }
    this.#state = "connected";
    return ok(this.#streams(connection));
  }

  startListen(): Done {
    const refused = this.#refuseUnless("bound");
    if (refused !== undefined) return refused;
    const { network } = this.#host;
    const { local, options } = this.#shared.descriptor as UnconnectedSocket;
    if (local === undefined || "path" in local) return err("invalid-state");
    const handed = this.#handed(local.port);
    if (handed === undefined) {
      const listener = network.listen(local, this.family === "ipv6");
      if (typeof listener === "number") return failure(listener);
      this.#shared.replace(new ListenerSocket(listener, { options }));
    } else {
      const [fd, socket] = handed;
      this.#shared.takeOver(fd, socket);
      socket.listen(0, options);
    }
    this.#state = "listen-started";
    return done;
  }

  finishListen(): Done {
    return this.#finish("listen-started", "listening");
  }

  accept(): Outcome<[TcpSocket, ...Streams]> {
    if (this.#state !== "listening") return err("invalid-state");
    const { table } = this.#host;
    if (table.full) return failure(-errno.MFILE);
    const accepted = (this.#shared.descriptor as ListenerSocket).accept();
    if (typeof accepted === "number") return failure(accepted);
    const shared = SharedDescriptor.add<Kernel>(table, accepted);
    const socket = new TcpSocket(this.#host, this.family, shared, "connected");
    return ok([socket, ...socket.#streams(accepted)]);
  }

  localAddress(): Outcome<WitSocketAddress> {
    const { local } = this.#shared.descriptor;
    const isBound = this.#state !== "unbound" && this.#state !== "bind-started" && this.#state !== "closed";
    return !isBound || local === undefined || "path" in local ? err("invalid-state") : ok(witSocketAddress(local));
  }

  remoteAddress(): Outcome<WitSocketAddress> {
    const { descriptor } = this.#shared;
    const remote = descriptor instanceof Connection ? descriptor.remote : undefined;
    if (this.#state !== "connected" || remote === undefined || "path" in remote) return err("invalid-state");
    return ok(witSocketAddress(remote));
  }

  get isListening(): boolean {
    return this.#state === "listening";
  }

  /** A hint that changes nothing: the host has one length of queues for all. */
  setListenBacklogSize(value: bigint): Done {
    if (value === 0n) return err("invalid-argument");
    const { descriptor } = this.#shared;
    return descriptor instanceof Connection ? err("invalid-state") : done;
  }

  get keepAliveEnabled(): Outcome<boolean> {
    return this.#told("keepAlive", (value) => value !== 0);
  }

  setKeepAliveEnabled(value: boolean): Done {
    return this.#change((options) => {
      options.set("keepAlive", value ? 1 : 0);
      return done;
    });
  }

  duration(option: "keepIdle" | "keepInterval"): Outcome<bigint> {
    return this.#state === "closed" ? err("invalid-state") : getDuration(this.#shared.descriptor.options, option);
  }

  setDuration(option: "keepIdle" | "keepInterval", nanoseconds: bigint): Done {
    return this.#change((options) => setDuration(options, option, nanoseconds));
  }

  get keepAliveCount(): Outcome<number> {
    return this.#told("keepCount", Number);
  }

  setKeepAliveCount(value: number): Done {
    return this.#change((options) => setPositive(options, "keepCount", BigInt(value), keepAliveCountMax));
  }

  get hopLimit(): Outcome<number> {
    return this.#told("timeToLive", Number);
  }

  setHopLimit(value: number): Done {
    return this.#change((options) => setPositive(options, "timeToLive", BigInt(value), 255n));
  }

  bufferSize(option: "receiveBuffer" | "sendBuffer"): Outcome<bigint> {
    return this.#told(option, BigInt);
  }

  setBufferSize(option: "receiveBuffer" | "sendBuffer", value: bigint): Done {
    return this.#change((options) => setPositive(options, option, value, bufferBytesMax));
  }

  subscribe(): Pollable {
    return new Pollable(this.#host, this);
  }

  /** Whether one of `finish-connect` and `accept` would not give `would-block`. */
  ready(): boolean {
    const { descriptor } = this.#shared;
    if (descriptor instanceof Connection) return this.#state !== "connect-started" || !descriptor.connecting;
    return this.#state !== "listening" || descriptor.poll("read") !== undefined;
  }

  get waited(): Waited {
    return this.#shared.descriptor;
  }

  shutdown(type: "receive" | "send" | "both"): Done {
    const { descriptor } = this.#shared;
    if (this.#state !== "connected" || !(descriptor instanceof Connection)) return err("invalid-state");
    const result = descriptor.shutdown(type !== "send", type !== "receive");
    return result < 0 ? failure(result) : done;
  }

  drop(): void {
    this.#state = "closed";
    this.#shared.release();
  }

  #refuseUnless(state: State): Done | undefined {
    if (this.#state === state) return undefined;
    return err(this.#state.endsWith("-started") ? "concurrency-conflict" : "invalid-state");
  }

  #finish(from: State, to: State): Done {
    if (this.#state !== from) return err("not-in-progress");
    this.#state = to;
    return done;
  }

  /** A listener that the host opened on the port and that nobody uses yet: the guest opens what it was given. */
  #handed(port: number): [fd: number, socket: ListenerSocket] | undefined {
    const { table, handed } = this.#host;
    if (handed.size === 0) return undefined;
    for (const [fd, one] of table.entries()) {
      if (handed.has(one) && one instanceof ListenerSocket && !one.listening && one.port === port) return [fd, one];
    }
    return undefined;
  }

  #streams(connection: Connection): Streams {
    return [
      new DescriptorInputStream(this.#host, this.#shared.share(), connection, causeOf),
      new DescriptorOutputStream(this.#host, this.#shared.share(), connection, causeOf),
    ];
  }

  #told<T>(option: SocketOption, tell: (value: number) => T): Outcome<T> {
    if (this.#state === "closed") return err("invalid-state");
    return ok(tell(this.#shared.descriptor.options.get(option)));
  }

  #change(change: (options: SocketOptions) => Done): Done {
    return this.#state === "closed" ? err("invalid-state") : change(this.#shared.descriptor.options);
  }
}
