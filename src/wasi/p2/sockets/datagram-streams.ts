import { type Address, formatAddress } from "../../../base/address.ts";
import { errno } from "../../errno.ts";
import type { DatagramSocket } from "../../sockets/datagram.ts";
import type { P2Host } from "../host.ts";
import { Pollable, type Waitable } from "../pollable.ts";
import { err, ok, type WitResult } from "../result.ts";
import type { SharedDescriptor } from "../shared-descriptor.ts";
import { trap } from "../trap.ts";
import { failure } from "./error-code.ts";
import { type AddressFamily, remoteAddress, type WitSocketAddress, witSocketAddress } from "./socket-address.ts";

/** What one call takes or gives, as wasmtime has it. */
const datagramsMax = 16;

/** What both streams of a socket are made with. */
export interface DatagramTerms {
  readonly host: P2Host;
  readonly shared: SharedDescriptor<DatagramSocket>;
  readonly family: AddressFamily;
  /** The one that they are for. */
  readonly remote: Address | undefined;
  readonly onDrop: () => void;
}

/** `wasi:sockets/udp.incoming-datagram` */
export interface IncomingDatagram {
  readonly data: Uint8Array;
  readonly remoteAddress: WitSocketAddress;
}

/** `wasi:sockets/udp.outgoing-datagram` */
export interface OutgoingDatagram {
  readonly data: Uint8Array;
  readonly remoteAddress: WitSocketAddress | undefined;
}

abstract class DatagramStream implements Waitable {
  protected readonly terms: DatagramTerms;

  constructor(terms: DatagramTerms) {
    terms.host.resources.add();
    terms.shared.share();
    this.terms = terms;
  }

  abstract ready(): boolean;

  get waited(): DatagramSocket {
    return this.terms.shared.descriptor;
  }

  subscribe(): Pollable {
    return new Pollable(this.terms.host, this);
  }

  drop(): void {
    const { host, shared, onDrop } = this.terms;
    host.resources.remove();
    shared.release();
    onDrop();
  }
}

/** `wasi:sockets/udp.incoming-datagram-stream` */
export class IncomingDatagramStream extends DatagramStream {
  receive(max: bigint): WitResult<readonly IncomingDatagram[], string> {
    const socket = this.terms.shared.descriptor;
    const datagrams: IncomingDatagram[] = [];
    const count = max < datagramsMax ? Number(max) : datagramsMax;
    while (datagrams.length < count) {
      // An error comes before all datagrams.
      const taken = socket.take();
      if (typeof taken === "number") {
        if (taken < 0 && taken !== -errno.AGAIN) return failure(taken);
        break;
      }
      datagrams.push({ data: taken.data, remoteAddress: witSocketAddress(taken.from) });
    }
    return ok(datagrams);
  }

  ready(): boolean {
    return this.terms.shared.descriptor.poll("read") !== undefined;
  }
}

/** `wasi:sockets/udp.outgoing-datagram-stream` */
export class OutgoingDatagramStream extends DatagramStream {
  /** Datagrams that the guest may send before it asks again. */
  #permit = 0;

  checkSend(): WitResult<bigint, string> {
    this.#permit = datagramsMax;
    return ok(BigInt(datagramsMax));
  }

  send(datagrams: readonly OutgoingDatagram[]): WitResult<bigint, string> {
    if (datagrams.length === 0) return ok(0n);
    if (datagrams.length > this.#permit) {
      trap(`the guest sends ${datagrams.length} datagrams where check-send permitted ${this.#permit}`);
    }
    this.#permit = 0;
    let sent = 0n;
    for (const { data, remoteAddress: to } of datagrams) {
      const target = this.#target(to);
      if (target === undefined) return sent > 0n ? ok(sent) : err("invalid-argument");
      const result = this.terms.shared.descriptor.send([data], target);
      if (result < 0) return sent > 0n || result === -errno.AGAIN ? ok(sent) : failure(result);
      sent++;
    }
    return ok(sent);
  }

  ready(): boolean {
    return this.terms.shared.descriptor.poll("write") !== undefined;
  }

  /** Where a datagram goes; undefined when it says too much or too little about that. */
  #target(to: WitSocketAddress | undefined): Address | undefined {
    const { family, remote } = this.terms;
    if (to === undefined) return remote;
    const target = remoteAddress(family, to);
    if (target === undefined || remote === undefined) return target;
    return formatAddress(target) === formatAddress(remote) ? target : undefined;
  }
}
