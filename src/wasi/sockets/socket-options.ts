/** Options that are a number or, as 0 and 1, a switch. */
export type SocketOption =
  | "broadcast"
  | "dontRoute"
  | "fastOpen"
  | "ipv6Only"
  | "keepAlive"
  | "keepCount"
  | "keepIdle"
  | "keepInterval"
  | "multicastLoop"
  | "multicastTtl"
  | "noDelay"
  | "oobInline"
  | "quickAck"
  | "receiveBuffer"
  | "receiveLowWater"
  | "reuseAddress"
  | "reusePort"
  | "sendBuffer"
  | "timeToLive";

/** As `Flow` holds. */
const bufferBytes = 64 * 1024;

/** As Linux has them; the others are 0. */
const defaults: Partial<Readonly<Record<SocketOption, number>>> = {
  keepCount: 9,
  keepIdle: 7200,
  keepInterval: 75,
  multicastLoop: 1,
  multicastTtl: 1,
  receiveBuffer: bufferBytes,
  receiveLowWater: 1,
  sendBuffer: bufferBytes,
  timeToLive: 64,
};

/**
 * What a guest has set on a socket. The timeouts and `linger` are obeyed. The rest is kept to be read back: connections in
 * memory have nothing that they could act on, and those to the outside are made with no delay and with keep-alive.
 */
export class SocketOptions {
  /** How long a blocking call waits, nanoseconds; for ever when undefined. */
  receiveTimeout: bigint | undefined;
  sendTimeout: bigint | undefined;
  /** Seconds that close() is to wait; 0 breaks the connection off. */
  linger: number | undefined;
  readonly #values = new Map<SocketOption, number>();

  get(option: SocketOption): number {
    return this.#values.get(option) ?? defaults[option] ?? 0;
  }

  set(option: SocketOption, value: number): void {
    this.#values.set(option, value);
  }

  timeout(direction: "read" | "write"): bigint | undefined {
    return direction === "read" ? this.receiveTimeout : this.sendTimeout;
  }

  /** What a connection has that was accepted by a socket with these. */
  copy(): SocketOptions {
    const copy = new SocketOptions();
    copy.receiveTimeout = this.receiveTimeout;
    copy.sendTimeout = this.sendTimeout;
    copy.linger = this.linger;
    for (const [option, value] of this.#values) copy.#values.set(option, value);
    return copy;
  }
}
