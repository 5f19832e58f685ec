import type { Address } from "../../base/address.ts";
import type { Conduit } from "../../base/conduit.ts";
import type { Result } from "../errno.ts";

/**
 * What an instance is given to reach the outside by. It decides what may be reached (base/outbound-policy.ts): the guest's side
 * asks it for everything that is not in the guest's own network, and counts and bounds what a guest has under way. Nothing
 * rejects or throws: errors are negated errnos. -ACCES: not granted. A call whose signal is aborted gives -CANCELED, soon, and
 * keeps nothing open. IP addresses are in their canonical form (`formatIp`), those of IPv4 never v4-mapped.
 */
export interface Outbound {
  /**
   * The addresses of a host name that the instance may reach, best first, 32 at most, never none; of one family when it is
   * given. -ACCES when no grant has the name or all that it resolves to; -NOENT when there is no such name or it has no such
   * address; -AGAIN when nobody can tell now; -NOBUFS when too many lookups are under way.
   */
  resolve(name: string, family: 4 | 6 | undefined, signal: AbortSignal): Promise<readonly string[] | Result>;

  /**
   * Opens a TCP connection; the dialling end, which is the caller's to close (conduit.ts). -ACCES, -CONNREFUSED, -HOSTUNREACH,
   * -NETUNREACH, -TIMEDOUT, -CONNRESET; -NOBUFS when there are too many.
   */
  connect(to: Address, signal: AbortSignal): Promise<Conduit | Result>;

  /** Opens a connection to the unix socket that the guest knows as `path`, which means a grant and not a file. Errors as of connect, and -NOENT. */
  connectUnix(path: string, signal: AbortSignal): Promise<Conduit | Result>;

  /** A port to send datagrams from, for one socket of the guest. -ACCES when no grant is for UDP, -NOBUFS. */
  openDatagrams(receiver: OutboundReceiver): OutboundDatagrams | Result;

  /** The instance has ended: ends what is under way. The connections are closed by whoever has them. */
  close(): void;
}

/** Takes what comes back. Called on the event loop, never from inside a call of {@link OutboundDatagrams}. */
export interface OutboundReceiver {
  /** A datagram from an address that was sent to, no other. The receiver keeps `data`. */
  deliver(data: Uint8Array, from: Address): void;
  /** An earlier datagram could not be sent; a positive errno such as CONNREFUSED. */
  fail(error: number): void;
}

/** Datagrams that leave from one port of the host, and the answers to them. */
export interface OutboundDatagrams {
  /** Sends one, best effort, and keeps `data`. 0, or -ACCES, -MSGSIZE, -AGAIN when too much waits to be sent. */
  send(data: Uint8Array, to: Address): Result;
  close(): void;
}
