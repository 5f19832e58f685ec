import type { Address } from "./address.ts";

/** Somebody whose datagrams a route brings, and the way back to him. */
export interface DatagramPeer {
  readonly address: Address;
  /** The address as text. */
  readonly name: string;
  /** For whoever keeps it: called when it is forgotten. From then on {@link send} sends nothing. */
  onEnd: (() => void) | undefined;
  /** One datagram back, from the address that he dialled; it may be lost, as datagrams may. */
  send(data: Uint8Array): void;
}
