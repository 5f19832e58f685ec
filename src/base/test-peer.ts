import { type Address, formatAddress } from "./address.ts";
import type { DatagramPeer } from "./datagram-peer.ts";

/** For tests: somebody who is at an address and tells what is sent to him. */
export function testPeer(address: Address, onAnswer: (answer: string) => void = () => {}): DatagramPeer {
  return {
    address,
    name: formatAddress(address),
    onEnd: undefined,
    send: (data) => onAnswer(Buffer.from(data).toString()),
  };
}
