import type { Address } from "../../../base/address.ts";
import { errno } from "../../errno.ts";
import { DatagramSocket } from "../../sockets/datagram.ts";
import { isOwnAddress, ownAddress } from "../../sockets/socket-name.ts";
import type { P2Host } from "../host.ts";
import { Pollable, type Waitable } from "../pollable.ts";
import { done, err, ok, type WitResult } from "../result.ts";
import { SharedDescriptor } from "../shared-descriptor.ts";
import { trap } from "../trap.ts";
import { IncomingDatagramStream, OutgoingDatagramStream } from "./datagram-streams.ts";
import { failure } from "./error-code.ts";
import { bufferBytesMax, setPositive } from "./option-values.ts";
import {
  type AddressFamily,
  isUnspecified,
  remoteAddress,
  unicastAddress,
  type WitSocketAddress,
  witSocketAddress,
} from "./socket-address.ts";

type Outcome<T> = WitResult<T, string>;
type Done = Outcome<undefined>;

/** `wasi:sockets/udp.udp-socket`, in the instance's own network. */
export class UdpSocket implements Waitable {
  readonly family: AddressFamily;
  /** No call of a socket's waits: its streams do. */
  readonly waited = undefined;
  readonly #host: P2Host;
  readonly #shared: SharedDescriptor<DatagramSocket>;
  #state: "unbound" | "bind-started" | "bound" = "unbound";
  #remote: Address | undefined;
  /** Streams that the guest has. */
  #streams = 0;

  private constructor(host: P2Host, family: AddressFamily, shared: SharedDescriptor<DatagramSocket>) {
    this.#host = host;
    this.family = family;
    this.#shared = shared;
  }

  static create(host: P2Host, family: AddressFamily): Outcome<UdpSocket> {
    if (host.table.full) return failure(-errno.MFILE);
    const socket = new DatagramSocket(false, host.dialler);
    // "On IPv6 sockets, IPV6_V6ONLY is enabled by default and can't be configured otherwise."
    if (family === "ipv6") socket.options.set("ipv6Only", 1);
    return ok(new UdpSocket(host, family, SharedDescriptor.add(host.table, socket)));
  }

  startBind(address: WitSocketAddress): Done {
    if (this.#state !== "unbound") {
      return err(this.#state === "bind-started" ? "concurrency-conflict" : "invalid-state");
    }
    const local = unicastAddress(this.family, address);
    if (local === undefined) return err("invalid-argument");
    const { network } = this.#host;
    const handed = this.#handed(local.port);
    if (handed === undefined) {
      const port = local.port === 0 ? network.choosePort("udp") : local.port;
      if (port < 0) return failure(port);
      const bound = network.bind(this.#shared.descriptor, { ip: local.ip, port }, { routed: local.port !== 0 });
      if (bound < 0) return failure(bound);
    } else {
      this.#shared.takeOver(...handed);
    }
    this.#state = "bind-started";
    return done;
  }

  finishBind(): Done {
    if (this.#state !== "bind-started") return err("not-in-progress");
    this.#state = "bound";
    return done;
  }

  stream(
    address: WitSocketAddress | undefined,
  ): Outcome<[incoming: IncomingDatagramStream, outgoing: OutgoingDatagramStream]> {
    if (this.#streams > 0) trap("udp-socket.stream was called again before the streams that it gave were dropped");
    if (this.#state !== "bound") return err("invalid-state");
    const remote = address && remoteAddress(this.family, address);
    if (address !== undefined && remote === undefined) return err("invalid-argument");
    const peer = remote && { ip: isOwnAddress(remote.ip) ? ownAddress(remote.ip) : remote.ip, port: remote.port };
    this.#shared.descriptor.associate(peer);
    this.#remote = remote;
    this.#streams = 2;
    const terms = {
      host: this.#host,
      shared: this.#shared,
      family: this.family,
      remote,
      onDrop: () => this.#streams--,
    };
    return ok([new IncomingDatagramStream(terms), new OutgoingDatagramStream(terms)]);
  }

  localAddress(): Outcome<WitSocketAddress> {
    const { local } = this.#shared.descriptor;
    if (this.#state !== "bound" || local === undefined) return err("invalid-state");
    const remote = this.#remote;
    // "The `local-address` may be updated as well, based on the best network path to `remote-address`."
    const isChosen = isUnspecified(local.ip) && remote !== undefined && isOwnAddress(remote.ip);
    return ok(witSocketAddress(isChosen ? { ip: ownAddress(remote.ip), port: local.port } : local));
  }

  remoteAddress(): Outcome<WitSocketAddress> {
    return this.#remote === undefined ? err("invalid-state") : ok(witSocketAddress(this.#remote));
  }

  get hopLimit(): Outcome<number> {
    return ok(this.#shared.descriptor.options.get("timeToLive"));
  }

  setHopLimit(value: number): Done {
    return setPositive(this.#shared.descriptor.options, "timeToLive", BigInt(value), 255n);
  }

  bufferSize(option: "receiveBuffer" | "sendBuffer"): Outcome<bigint> {
    return ok(BigInt(this.#shared.descriptor.options.get(option)));
  }

  setBufferSize(option: "receiveBuffer" | "sendBuffer", value: bigint): Done {
    return setPositive(this.#shared.descriptor.options, option, value, bufferBytesMax);
  }

  subscribe(): Pollable {
    return new Pollable(this.#host, this);
  }

  ready(): boolean {
    return true;
  }

  drop(): void {
    this.#shared.release();
  }

  /** A socket that the host opened on the port and that nobody uses yet: the guest opens what it was given. */
  #handed(port: number): [fd: number, socket: DatagramSocket] | undefined {
    const { table, handed } = this.#host;
    if (handed.size === 0) return undefined;
    for (const [fd, one] of table.entries()) {
      if (handed.has(one) && one instanceof DatagramSocket && !one.listening && one.local?.port === port) {
        return [fd, one];
      }
    }
    return undefined;
  }
}
