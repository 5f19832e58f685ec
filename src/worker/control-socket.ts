import { closeSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { WarrenError } from "../base/errors.ts";
import type { Handler } from "../base/link.ts";
import { Link } from "../base/link.ts";
import { acceptNow, receiveDescriptors } from "../base/native-socket.ts";
import type { Asks, Notes } from "./protocol.ts";
import { controlFd, laneFd } from "./protocol.ts";

/** Takes orders from whoever may connect to the worker's socket: the first daemon and every later one alike. */
export class ControlSocket {
  readonly #links = new Set<Link>();
  readonly #server: Server;
  /** Lane connections whose stream has not claimed them yet, by nonce. */
  readonly #lanes = new Map<string, number>();
  /** Called when the last daemon went away. */
  onAlone: (() => void) | undefined;
  /** Called when a daemon is there to be told things. */
  onLinked: (() => void) | undefined;

  constructor(handlers: Record<string, Handler>) {
    this.#server = createServer((socket) => {
      const link = new Link(socket, undefined, {
        ...handlers,
        lane: ({ nonce }: { nonce: string }) => {
          this.#acceptLanes();
          link.lane = this.#lanes.get(nonce);
          this.#lanes.delete(nonce);
          this.onLinked?.();
        },
      });
      this.#links.add(link);
      link.onClose = () => {
        this.#links.delete(link);
        if (this.#links.size === 0) this.onAlone?.();
      };
    });
  }

  listen(): void {
    this.#server.listen({ fd: controlFd });
  }

  /** Tells every daemon; false when none took it. */
  note<K extends keyof Notes>(op: K, body: Notes[K]): boolean {
    let taken = false;
    for (const link of this.#links) if (link.lane !== undefined && link.note(op, body)) taken = true;
    return taken;
  }

  /** Asks the daemon for descriptors, which are the caller's from then on. Rejects with `link.closed` while there is none. */
  ask<K extends keyof Asks>(
    op: K,
    body: Asks[K]["body"],
  ): Promise<{ readonly body: Asks[K]["answer"]; readonly fds: number[] }> {
    const link = [...this.#links].findLast((one) => one.lane !== undefined);
    if (link === undefined)
      return Promise.reject(new WarrenError("link.closed", "no daemon is there", { status: 503 }));
    return link.callForDescriptors(op, body);
  }

  /** No daemon is there that could be asked. */
  get alone(): boolean {
    return !this.#links.values().some(({ lane }) => lane !== undefined);
  }

  /** The lane of the daemon that is being answered: there is one daemon, but for a moment in which it changes. */
  get lane(): number | undefined {
    let lane: number | undefined;
    for (const link of this.#links) lane = link.lane ?? lane;
    return lane;
  }

  #acceptLanes(): void {
    for (let fd = acceptNow(laneFd); fd !== undefined; fd = acceptNow(laneFd)) {
      // The daemon sends the nonce before it asks on the stream.
      const message = receiveDescriptors(fd);
      if (message === undefined || message === "closed") closeSync(fd);
      else this.#lanes.set(message.bytes.toString(), fd);
    }
  }
}
