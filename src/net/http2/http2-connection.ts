import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { Client } from "../client.ts";
import type { HttpConnection, HttpContext } from "../http1/context.ts";
import { parsePassed, parsePeerClient } from "../peer-client.ts";
import { StallWatch } from "../socket-handle.ts";
import { ClientStream } from "./client-stream.ts";
import { errorCode } from "./error-code.ts";
import { FloodGuard } from "./flood-guard.ts";
import { frameFlag } from "./frame-meter.ts";
import { GuardedSocket } from "./guarded-socket.ts";
import { http2Limits } from "./limits.ts";
import { preface } from "./preface.ts";
import type { Http2RequestHead } from "./request-head.ts";

/** RFC 9113 §6.8: the first GOAWAY of an orderly end names no stream as the last. */
const lastStreamMax = 2 ** 31 - 1;

export interface Http2ConnectionOptions {
  /** What was read of the connection already, its preface included. */
  readonly bytes?: Buffer;
  /** It is another worker's front, asking for its clients, each request for one of its own. */
  readonly peer?: boolean;
}

/** A client's HTTP/2 connection, over TLS or with prior knowledge: streams, each of them routed by its own :authority. */
export class Http2Connection implements HttpConnection {
  readonly client: Client;
  readonly context: HttpContext;
  readonly #socket: Socket;
  readonly #session: ServerHttp2Session;
  readonly #guard: FloodGuard;
  readonly #stall: StallWatch;
  readonly #peer: boolean;
  readonly #streams = new Map<number, ClientStream>();
  /** When it began, or was last left without a stream. */
  #idleSince: number;
  readonly #beganAt: number;
  /** Since when nothing but the socket's end is waited for. */
  #endedAt: number | undefined;

  constructor(socket: Socket, client: Client, context: HttpContext, options: Http2ConnectionOptions = {}) {
    this.client = client;
    this.context = context;
    this.#socket = socket;
    this.#peer = options.peer === true;
    this.#idleSince = this.#beganAt = context.ticker.now;
    this.#stall = new StallWatch(socket);
    this.#guard = new FloodGuard({
      skipIn: preface.length,
      skipOut: 0,
      // Those of many clients come together there, and each of them was counted where it came from.
      resetsFree: this.#peer,
      now: () => context.ticker.now,
      onFlood: (what) => this.#onFlood(what),
      onData: (id) => this.#streams.get(id)?.onSent(context.ticker.now),
    });
    const guarded = new GuardedSocket(socket, this.#guard);
    const { limits } = context;
    const session = process.getBuiltinModule("node:http2").performServerHandshake(guarded, {
      maxHeaderListPairs: http2Limits.fieldLinesMax,
      maxSessionMemory: http2Limits.sessionMegabytesMax,
      // A guest's fields are checked before; some repeat what node:http2 thinks may come once.
      strictSingleValueFields: false,
      settings: {
        maxConcurrentStreams: http2Limits.streamsMax,
        initialWindowSize: http2Limits.streamWindowBytes,
        maxHeaderListSize: 2 * limits.requestHeadBytesMax,
        enableConnectProtocol: false,
      },
    });
    this.#session = session;
    session.on("stream", (stream, _headers, flags, raw) => this.#onStream(stream, flags, raw));
    // A client that breaks the protocol gets its GOAWAY from node:http2; "close" follows.
    session.on("error", () => {});
    session.on("close", () => this.#onSessionClose());
    socket.on("close", () => this.context.onClosed(this));
    if (options.bytes !== undefined) guarded.receive(options.bytes);
    else if (socket.destroyed) queueMicrotask(() => this.context.onClosed(this));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  drain(): void {
    if (!this.#session.destroyed) this.#session.goaway(errorCode.noError, lastStreamMax);
  }

  endIdle(): void {
    if (!this.#session.destroyed) this.#session.close();
  }

  /** Who asks for this. Throws `peer.malformed`. */
  clientOf(head: Http2RequestHead): Client {
    return this.#peer ? parsePeerClient(head.peerClient) : this.client;
  }

  passedOf(head: Http2RequestHead): number {
    return this.#peer ? parsePassed(head.peerClient) : 0;
  }

  /** A stream is over. */
  closed(id: number): void {
    this.#streams.delete(id);
    if (this.#streams.size === 0) this.#idleSince = this.context.ticker.now;
  }

  sweep(now: number): void {
    const { limits } = this.context;
    if (this.#endedAt !== undefined) {
      if (now - this.#endedAt > limits.lingerMsMax) this.#socket.destroy();
      return;
    }
    if (this.#stall.stalled(now, limits.writeStallMsMax)) {
      this.#socket.resetAndDestroy();
      return;
    }
    const { partialSince } = this.#guard;
    if (partialSince !== undefined && now - partialSince > limits.headMsMax) {
      this.#end(errorCode.enhanceYourCalm);
    } else if (this.#session.pendingSettingsAck && now - this.#beganAt > limits.headMsMax) {
      // RFC 9113 §6.5.3. Until then its limits are those of a connection that knows none of ours.
      this.#end(errorCode.settingsTimeout);
    } else if (this.#streams.size === 0) {
      if (now - this.#idleSince > limits.keepAliveMsMax && !this.#peer) this.endIdle();
    } else for (const stream of this.#streams.values()) stream.sweep(now);
  }

  #onStream(stream: ServerHttp2Stream, flags: number, raw: string[]): void {
    // Reset before it got here: nothing would come of it, and "close" may not follow.
    if (stream.closed || stream.destroyed) {
      stream.on("error", () => {});
      stream.resume();
      return;
    }
    const id = stream.id!;
    const own = new ClientStream(this, stream, id);
    this.#streams.set(id, own);
    own.start(raw, (flags & frameFlag.endStream) !== 0);
  }

  #onFlood(what: string): void {
    const message = `a flood of HTTP/2 frames (${what}) from ${this.client.remote.ip}`;
    this.context.log({ code: "http2.flood", message, listener: this.context.key });
    // Not within a call of node:http2's, in which it may be seen: then it says nothing to the client.
    setImmediate(() => this.#end(errorCode.enhanceYourCalm));
  }

  #end(code: number): void {
    this.#endedAt ??= this.context.ticker.now;
    this.#session.destroy(new Error("cut off"), code);
  }

  #onSessionClose(): void {
    this.#endedAt ??= this.context.ticker.now;
  }
}
