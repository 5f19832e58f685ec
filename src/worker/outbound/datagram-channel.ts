import { Socket } from "node:net";
import type { Address } from "../../base/address.ts";
import { formatIp, parseIp } from "../../base/ip.ts";
import { errno, type Result } from "../../wasi/errno.ts";
import type { OutboundDatagrams, OutboundReceiver } from "../../wasi/sockets/outbound.ts";
import { datagramBytesMax, encodeFrame, FrameReader, frameKind } from "../connector/datagram-frames.ts";

/** Bytes that wait for the connector; more are the guest's to send again. */
const queueBytesMax = 128 * 1024;

export interface DatagramChannelOptions {
  readonly receiver: OutboundReceiver;
  /** A stream of frames from the connector, or a negated errno. */
  open(): Promise<number | { fd: number }>;
  onRefused(to: Address): void;
}

/** The worker's end of one UDP port, which the connector holds. Opened by the first datagram, and anew after a loss. */
export class DatagramChannel implements OutboundDatagrams {
  readonly #options: DatagramChannelOptions;
  #stream: Socket | undefined;
  #state: "idle" | "opening" | "open" | "closed" = "idle";
  #waiting: Buffer[] = [];
  #waitingBytes = 0;

  constructor(options: DatagramChannelOptions) {
    this.#options = options;
  }

  send(data: Uint8Array, { ip: text, port }: Address): Result {
    const ip = parseIp(text);
    if (ip === undefined || port < 1 || port > 65_535 || this.#state === "closed") return -errno.INVAL;
    if (data.length > datagramBytesMax) return -errno.MSGSIZE;
    if ((this.#stream?.writableLength ?? 0) + this.#waitingBytes + data.length > queueBytesMax) return -errno.AGAIN;
    const frame = encodeFrame({ kind: frameKind.datagram, ip, port, data });
    if (this.#stream !== undefined) {
      this.#stream.write(frame);
      return 0;
    }
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
    if (this.#state === "idle") void this.#open();
    return 0;
  }

  close(): void {
    this.#state = "closed";
    this.#waiting = [];
    this.#stream?.destroy();
  }

  async #open(): Promise<void> {
    this.#state = "opening";
    const opened = await this.#options.open();
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (typeof opened === "number") {
      if (this.#closed()) return;
      this.#state = "idle";
      this.#options.receiver.fail(-opened);
      return;
    }
    const stream = new Socket({ fd: opened.fd, readable: true, writable: true });
    stream.on("error", () => {});
    if (this.#closed()) {
      stream.destroy();
      return;
    }
    this.#state = "open";
    this.#stream = stream;
    const reader = new FrameReader();
    stream.on("data", (chunk: Buffer) => {
      for (const { kind, ip, port, data } of reader.push(chunk)) {
        if (this.#closed()) return;
        const from = { ip: formatIp(ip), port };
        if (kind === frameKind.datagram) this.#options.receiver.deliver(data, from);
        else {
          this.#options.onRefused(from);
          this.#options.receiver.fail(errno.ACCES);
        }
      }
    });
    stream.on("close", () => {
      this.#stream = undefined;
      if (!this.#closed()) this.#state = "idle";
    });
    for (const frame of waiting) stream.write(frame);
  }

  #closed(): boolean {
    return this.#state === "closed";
  }
}
