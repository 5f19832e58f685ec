import { createSocket, type Socket } from "node:dgram";
import { WarrenError } from "../base/errors.ts";
import { ReplyBudget } from "./reply-budget.ts";
import { plainIp } from "./socket-address.ts";
import type { DatagramTarget } from "./target.ts";

/** Bytes of replies that wait for the kernel; more are dropped, as a full socket buffer would. */
const sendQueueBytesMax = 1024 * 1024;

/** A bound UDP socket whose datagrams go to a guest. Replies leave from the same address, as far as {@link ReplyBudget} lets them. */
export class UdpListener {
  readonly key: string;
  readonly #socket: Socket;
  readonly #target: DatagramTarget;
  /** Undefined: replies have no bound. */
  readonly #budget: ReplyBudget | undefined;
  #closed: boolean = false;

  private constructor(key: string, socket: Socket, target: DatagramTarget, unboundedReplies: boolean) {
    this.key = key;
    this.#budget = unboundedReplies ? undefined : new ReplyBudget();
    this.#socket = socket;
    this.#target = target;
  }

  /** Takes `fd` over, a bound UDP socket. `unboundedReplies`: the operator answers for whom they reach. Throws `listener.failed`. */
  static async open(
    key: string,
    fd: number,
    family: 4 | 6,
    target: DatagramTarget,
    unboundedReplies: boolean = false,
  ): Promise<UdpListener> {
    const socket = createSocket(family === 4 ? "udp4" : "udp6");
    await new Promise<void>((resolve, reject) => {
      socket.once("error", (error) => {
        reject(
          new WarrenError("listener.failed", `receiving on descriptor ${fd} failed: ${error.message}`, {
            cause: error,
            status: 500,
          }),
        );
      });
      socket.bind({ fd, exclusive: true }, () => {
        socket.removeAllListeners("error");
        resolve();
      });
    });
    const listener = new UdpListener(key, socket, target, unboundedReplies);
    listener.#begin();
    return listener;
  }

  /** Stops receiving. Replies from now on go nowhere. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }

  #begin(): void {
    const reply = (data: Uint8Array, to: { ip: string; port: number }) => this.#send(data, to.ip, to.port);
    // A reply that could not be sent (ICMP unreachable, a full queue) is lost, as datagrams may be.
    this.#socket.on("error", () => {});
    this.#socket.on("message", (data, from) => {
      this.#target.activity.requests++;
      const ip = plainIp(from.address);
      this.#budget?.received(ip, data.length, performance.now());
      this.#target.deliver(data, { ip, port: from.port }, reply);
    });
  }

  #send(data: Uint8Array, ip: string, port: number): void {
    if (this.#closed || this.#socket.getSendQueueSize() + data.length > sendQueueBytesMax) return;
    if (this.#budget?.spend(ip, data.length, performance.now()) === false) return;
    const address = this.#socket.address().family === "IPv6" && !ip.includes(":") ? `::ffff:${ip}` : ip;
    this.#socket.send(data, port, address, noError);
  }
}

function noError(): void {}
