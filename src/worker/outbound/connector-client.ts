import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { type Handler, Link } from "../../base/link.ts";
import { errno, type Result } from "../../wasi/errno.ts";
import type { LaneCalls, LaneNotes, LaneOffers, Refusal } from "../connector/lane-protocol.ts";

/** Takes a connection of another worker's guest, with its descriptor, or says why not. */
export type OnOffer = (offer: LaneOffers["accept"]["body"], fd: number) => Promise<LaneOffers["accept"]["answer"]>;

/** Calls that are answered with a descriptor. */
type Opening = "connect" | "dial" | "datagrams";

/** A worker's end of its lane to the connector, which the daemon gives it, and again when the connector is another. */
export class ConnectorClient {
  readonly #onOffer: OnOffer;
  #link: Link | undefined;

  constructor(onOffer: OnOffer) {
    this.#onOffer = onOffer;
  }

  attach(lane: number, stream: number): void {
    this.#link?.close();
    const accept = async (body: LaneOffers["accept"]["body"], fds: number[]) => {
      const [fd, ...rest] = fds;
      for (const extra of rest) closeSync(extra);
      if (fd === undefined) return { elsewhere: true };
      return this.#onOffer(body, fd);
    };
    const handlers = { accept: accept as Handler };
    this.#link = new Link(new Socket({ fd: stream, readable: true, writable: true }), lane, handlers);
  }

  /** -NETDOWN while there is no connector. */
  async resolve(body: LaneCalls["resolve"]["body"]): Promise<LaneCalls["resolve"]["answer"]> {
    try {
      return (await this.#link?.call<LaneCalls["resolve"]["answer"]>("resolve", body)) ?? down;
    } catch {
      return down;
    }
  }

  /** The descriptor, which is the caller's. -NETDOWN while there is no connector. */
  async open<K extends Opening>(
    op: K,
    body: LaneCalls[K]["body"],
  ): Promise<{ fd: number } | Exclude<LaneCalls[K]["answer"], Record<string, never>>> {
    try {
      const answer = await this.#link?.callForDescriptors<LaneCalls[K]["answer"]>(op, body);
      if (answer === undefined) return down as never;
      const [fd] = answer.fds;
      return fd === undefined ? (answer.body as never) : { fd };
    } catch {
      return down as never;
    }
  }

  cancel(body: LaneNotes["cancel"]): void {
    this.#link?.note("cancel", body);
  }
}

const down: Refusal = { error: -errno.NETDOWN as Result };
