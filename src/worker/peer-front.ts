import { closeSync } from "node:fs";
import type { Address } from "../base/address.ts";
import type { Conduit } from "../base/conduit.ts";
import { socketPair } from "../base/native-socket.ts";
import type { Passage, StreamTarget } from "../net/target.ts";
import { newActivity } from "./activity.ts";
import type { StreamConduits } from "./outbound/stream-conduit.ts";

/** Takes a connection to wherever the service is; see ElsewhereTarget.pass. */
type Pass = (service: string, fd: number, bytes: Uint8Array, passage: Passage) => Promise<void>;

/**
 * Other workers' fronts as targets, for connections that cannot be given to them. A stream is given instead, over which the
 * other front is asked as a guest is: it is kept and used again, so that a request costs two copies and no descriptor.
 */
export class PeerFronts {
  readonly #streams: StreamConduits;
  readonly #pass: Pass;
  /** By service, then by listener. */
  readonly #targets = new Map<string, Map<string, StreamTarget>>();

  constructor(streams: StreamConduits, pass: Pass) {
    this.#streams = streams;
    this.#pass = pass;
  }

  /** The same target until {@link forget}, so that its connections are kept. */
  target(service: string, listener: string): StreamTarget {
    let targets = this.#targets.get(service);
    if (targets === undefined) {
      targets = new Map();
      this.#targets.set(service, targets);
    }
    let target = targets.get(listener);
    if (target === undefined) {
      target = {
        kind: "stream",
        peer: true,
        activity: newActivity(),
        // The other front knows the service's own limit, and answers when it is reached.
        answerMsMax: Number.POSITIVE_INFINITY,
        connect: (from) => this.#connect(service, listener, from),
      };
      targets.set(listener, target);
    }
    return target;
  }

  /** The service has moved: the targets that lead to where it was. */
  forget(service: string): StreamTarget[] {
    const targets = [...(this.#targets.get(service)?.values() ?? [])];
    this.#targets.delete(service);
    return targets;
  }

  async #connect(service: string, listener: string, from: Address): Promise<Conduit> {
    const [near, far] = socketPair("stream");
    try {
      await this.#pass(service, far, new Uint8Array(0), { listener, passed: 0, peer: true, service });
    } catch (error) {
      closeSync(near);
      throw error;
    } finally {
      closeSync(far);
    }
    return this.#streams.open(near, from);
  }
}
