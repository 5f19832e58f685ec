import type { ClientHttp2Session, SecureClientSessionOptions } from "node:http2";
import type { Conduit } from "../../base/conduit.ts";
import type { HttpLimits } from "../http1/limits.ts";
import { ConduitStream } from "./conduit-stream.ts";
import { errorCode } from "./error-code.ts";
import { FloodGuard } from "./flood-guard.ts";
import { http2Limits } from "./limits.ts";
import { preface } from "./preface.ts";

/** Requests at a time in one session, however many more a guest would take: then another is opened. */
const requestsMax = 250;

/** One connection to a guest that speaks HTTP/2, for many requests at a time. */
export class GuestSession {
  readonly session: ClientHttp2Session;
  readonly conduit: Conduit;
  /** Requests in flight. */
  active = 0;
  /** Since when there has been none, by the front's clock. */
  idleSince: number;
  #closing: boolean = false;
  /** The guest's CPU that fell to each request in flight, summed up since the session began. Milliseconds. */
  #share = 0;
  #cpuMsBefore: number;

  constructor(conduit: Conduit, limits: HttpLimits, now: () => number, onClose: () => void) {
    this.conduit = conduit;
    this.idleSince = now();
    this.#cpuMsBefore = conduit.work?.cpuMs ?? 0;
    const guard = new FloodGuard({
      skipIn: 0,
      skipOut: preface.length,
      // A guest's reset answers a request, and costs the guest more than the front.
      resetsFree: true,
      now,
      onFlood: () => this.session.destroy(new Error("a flood of frames"), errorCode.enhanceYourCalm),
    });
    // What its types leave out (node:http2 has it for both ends): fields that come twice are the client's affair.
    const options: SecureClientSessionOptions & { strictSingleValueFields: boolean } = {
      createConnection: () => new ConduitStream(conduit, guard),
      maxHeaderListPairs: http2Limits.fieldLinesMax,
      maxSessionMemory: http2Limits.sessionMegabytesMax,
      strictSingleValueFields: false,
      settings: {
        enablePush: false,
        initialWindowSize: http2Limits.streamWindowBytes,
        maxHeaderListSize: 2 * limits.responseHeadBytesMax,
      },
    };
    this.session = process.getBuiltinModule("node:http2").connect("http://guest", options);
    this.session.on("goaway", () => this.retire());
    // What went wrong does not matter here: "close" follows, and each stream hears of it.
    this.session.on("error", () => {});
    this.session.on("close", onClose);
  }

  /** Whether another request may begin here. */
  get free(): boolean {
    if (this.#closing || this.session.closed || this.session.destroyed) return false;
    return this.active < Math.min(requestsMax, this.session.remoteSettings.maxConcurrentStreams ?? requestsMax);
  }

  /** Takes no more requests, and ends after those in flight. */
  retire(): void {
    this.#closing = true;
    if (!this.session.closed) this.session.close();
  }

  /**
   * A request begins: to be handed to {@link cpuMs}. What the guest does at a time cannot be told apart by requests, so each of
   * those in flight is charged with the same part: together they are charged with all of it.
   */
  begin(): number {
    this.#advance();
    this.active++;
    return this.#share;
  }

  cpuMs(since: number): number {
    this.#advance();
    return this.#share - since;
  }

  end(now: number): void {
    this.#advance();
    this.active--;
    if (this.active === 0) this.idleSince = now;
  }

  #advance(): void {
    const cpuMs = this.conduit.work?.cpuMs ?? 0;
    if (this.active > 0) this.#share += (cpuMs - this.#cpuMsBefore) / this.active;
    this.#cpuMsBefore = cpuMs;
  }
}
