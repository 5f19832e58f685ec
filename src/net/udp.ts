import { formatAddress } from "../base/address.ts";
import type { DatagramPeer } from "../base/datagram-peer.ts";
import { addressOf, type DatagramEnds, DatagramPort, senderKey, sourceKey } from "../base/datagram-port.ts";
import type { DatagramTarget } from "./target.ts";
import type { Swept, Ticker } from "./ticker.ts";
import { type UdpFlow, UdpFlows } from "./udp-flows.ts";

export interface UdpOptions {
  /** Replies have no bound: the operator answers for whom they reach. */
  readonly unboundedReplies?: boolean;
}

/**
 * A bound UDP socket whose datagrams go to a guest. Replies leave from the address that was dialled, as far as
 * {@link ReplyBudget} lets them.
 */
export class UdpListener implements Swept {
  readonly key: string;
  readonly #port: DatagramPort;
  readonly #target: DatagramTarget;
  readonly #ticker: Ticker;
  readonly #bounded: boolean;
  readonly #flows = new UdpFlows<Peer>((flow) => flow.peer?.end());

  /** Takes `fd` over, a bound UDP socket. */
  constructor(key: string, fd: number, target: DatagramTarget, ticker: Ticker, options: UdpOptions = {}) {
    this.key = key;
    this.#target = target;
    this.#ticker = ticker;
    this.#bounded = options.unboundedReplies !== true;
    this.#port = new DatagramPort(fd, (data, ends) => this.#receive(data, ends));
  }

  /** Senders that are remembered, each for each of our addresses that it dialled. */
  get flows(): number {
    return this.#flows.size;
  }

  /** Stops receiving. Replies from now on go nowhere. */
  close(): void {
    this.#port.close();
    this.#flows.clear();
    this.#ticker.remove(this);
  }

  sweep(now: number): void {
    this.#flows.sweep(now);
    if (this.#flows.size === 0) this.#ticker.remove(this);
  }

  #receive(data: Buffer, ends: DatagramEnds): void {
    const { remote, local } = ends;
    this.#target.activity.requests++;
    if (this.#flows.size === 0) this.#ticker.add(this);
    const key = senderKey(remote) + local.toString("latin1");
    const flow = this.#flows.received(key, () => sourceKey(remote), data.length, performance.now());
    flow.peer ??= new Peer(ends, (reply) => this.#send(flow, reply));
    // What the port received is overwritten by the next datagram.
    this.#target.deliver(new Uint8Array(data), flow.peer);
  }

  #send(flow: UdpFlow<Peer>, data: Uint8Array): void {
    if (this.#flows.spend(flow, data.length, performance.now(), this.#bounded)) this.#port.send(data, flow.peer!.ends);
  }
}

class Peer implements DatagramPeer {
  readonly address: DatagramPeer["address"];
  readonly name: string;
  readonly ends: DatagramEnds;
  readonly send: (data: Uint8Array) => void;
  onEnd: (() => void) | undefined;

  constructor({ remote, local }: DatagramEnds, send: (data: Uint8Array) => void) {
    this.ends = { remote: Buffer.from(remote), local: Buffer.from(local) };
    this.address = addressOf(remote);
    this.name = formatAddress(this.address);
    this.send = send;
  }

  end(): void {
    const told = this.onEnd;
    this.onEnd = undefined;
    told?.();
  }
}
