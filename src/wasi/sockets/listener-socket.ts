import { type Descriptor, filetype, type Readiness } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import { Connection } from "./connection.ts";
import { SocketFlags } from "./socket-flags.ts";
import type { SocketName, UnixName } from "./socket-name.ts";
import { SocketOptions } from "./socket-options.ts";
import type { VirtualListener } from "./virtual-listener.ts";

export interface ListenerSocketOptions {
  /** The host opened it, not the guest. */
  readonly handed?: boolean;
  readonly flags?: number;
  /** Those of the socket that the guest opened. */
  readonly options?: SocketOptions;
  /** The name of a unix socket's. */
  readonly unix?: UnixName | undefined;
}

/** The guest's side of a {@link VirtualListener}. */
export class ListenerSocket implements Descriptor {
  readonly type = filetype.streamSocket;
  wake: (() => void) | undefined;
  readonly #listener: VirtualListener;
  readonly #flags: SocketFlags;
  readonly #unix: UnixName | undefined;
  #options: SocketOptions | undefined;

  constructor(listener: VirtualListener, { handed = false, flags = 0, options, unix }: ListenerSocketOptions = {}) {
    this.#listener = listener;
    this.#unix = unix;
    this.#options = options;
    this.#flags = new SocketFlags(flags, handed);
    listener.onConnection = () => this.wake?.();
    if (!handed) listener.markListening();
  }

  get flags(): number {
    return this.#flags.value;
  }
  set flags(flags: number) {
    this.#flags.value = flags;
  }
  /** The flags that the guest is told when it asks. */
  tellFlags(): number {
    return this.#flags.tell();
  }

  get options(): SocketOptions {
    this.#options ??= new SocketOptions();
    return this.#options;
  }

  timeout(direction: "read" | "write"): bigint | undefined {
    return this.#options?.timeout(direction);
  }

  get local(): SocketName {
    return this.#unix ?? this.#listener.address;
  }

  get port(): number {
    return this.#listener.address.port;
  }

  get heldBytes(): number {
    return this.#listener.waitingBytes;
  }

  /** The guest has accepted or waited for a connection, or opened the listener by itself. */
  get listening(): boolean {
    return this.#listener.listening;
  }

  /** The guest opens by itself what it was handed; its flags and options are those of the socket that it opened. */
  listen(flags: number, options: SocketOptions): void {
    this.flags = flags;
    this.#options = options;
    this.#listener.markListening();
  }

  /** The next connection, or -AGAIN. */
  accept(): Connection | Result {
    this.#listener.markListening();
    const end = this.#listener.accept();
    if (end !== undefined) {
      const unix = this.#unix && { local: this.#unix, remote: { path: end.remote.ip } };
      return new Connection(end, this.#options?.copy(), unix);
    }
    return this.#listener.closed ? -errno.INVAL : -errno.AGAIN;
  }

  read(): Result {
    return -errno.NOTCONN;
  }
  write(): Result {
    return -errno.NOTCONN;
  }

  poll(interest: "read" | "write"): Readiness | undefined {
    this.#flags.tell();
    this.#listener.markListening();
    if (this.#listener.closed) return { bytes: 0, hangup: true };
    if (interest === "write" || this.#listener.pending === 0) return undefined;
    return { bytes: this.#listener.pending, hangup: false };
  }

  close(): void {
    this.#listener.onConnection = undefined;
    this.#listener.close();
  }
}
