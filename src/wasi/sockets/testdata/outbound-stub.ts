import type { Address } from "../../../base/address.ts";
import { type Conduit, conduitPair } from "../../../base/conduit.ts";
import { errno, type Result } from "../../errno.ts";
import type { Outbound, OutboundDatagrams, OutboundReceiver } from "../outbound.ts";

/** A way out whose far side is the test: connections and lookups wait until it settles them. */
export class OutboundStub implements Outbound {
  readonly connects: { to: Address; signal: AbortSignal; settle: (result: Conduit | Result) => void }[] = [];
  readonly lookups: { name: string; settle: (result: readonly string[] | Result) => void }[] = [];
  readonly sent: { data: Uint8Array; to: Address; receiver: OutboundReceiver }[] = [];
  closed = 0;
  /** What openDatagrams and send give. */
  datagramResult: Result = 0;
  open = 0;

  resolve(name: string): Promise<readonly string[] | Result> {
    const { promise, resolve } = Promise.withResolvers<readonly string[] | Result>();
    this.lookups.push({ name, settle: resolve });
    return promise;
  }

  connect(to: Address, signal: AbortSignal): Promise<Conduit | Result> {
    const { promise, resolve } = Promise.withResolvers<Conduit | Result>();
    signal.addEventListener("abort", () => resolve(-errno.CANCELED));
    this.connects.push({ to, signal, settle: resolve });
    return promise;
  }

  connectUnix(path: string, signal: AbortSignal): Promise<Conduit | Result> {
    return this.connect({ ip: path, port: 0 }, signal);
  }

  openDatagrams(receiver: OutboundReceiver): OutboundDatagrams | Result {
    if (this.datagramResult === -errno.NOBUFS) return this.datagramResult;
    this.open++;
    return {
      send: (data, to) => {
        if (this.datagramResult === 0) this.sent.push({ data, to, receiver });
        return this.datagramResult;
      },
      close: () => {
        this.open--;
      },
    };
  }

  close(): void {
    this.closed++;
  }
}

/** The two ends of a connection to somewhere outside: the guest's first. */
export function outsidePair(to: Address): [Conduit, Conduit] {
  return conduitPair({ ip: "192.0.2.1", port: 40_000 }, to);
}
