import type { Socket } from "node:net";
import { WarrenError } from "../../base/errors.ts";
import type { Answer } from "../answer.ts";
import type { Client } from "../client.ts";
import { type Decision, decide } from "../dispatch.ts";
import { beginsHttp2 } from "../http2/preface.ts";
import { passOn } from "../pass-on.ts";
import { parsePeerClient } from "../peer-client.ts";
import { StallWatch } from "../socket-handle.ts";
import type { ElsewhereTarget } from "../target.ts";
import { bodyTooLarge, type Visit } from "../visit.ts";
import { BodyFraming } from "./body-framing.ts";
import type { HttpConnection, HttpContext } from "./context.ts";
import { type ErrorAnswer, errorAnswer } from "./error-answer.ts";
import type { Exchange } from "./exchange.ts";
import { forwardingPrefix, peerPrefix } from "./forward-head.ts";
import { RequestExchange } from "./request-exchange.ts";
import { RequestHead } from "./request-head.ts";
import { ResponseHead } from "./response-head.ts";
import { StreamExchange } from "./stream-exchange.ts";
import { openWebSocket } from "./web-socket-opening.ts";
import { writeAnswer } from "./write-answer.ts";

/** How often one request may be passed from worker to worker before it is answered with 503. */
const passedMax = 3;

/**
 * - `idle`: between requests
 * - `head`: within a request's head
 * - `exchange`: a request is in hand; without an exchange its answer is out and the rest of its body is thrown away
 * - `passing`: another worker is about to take the connection
 * - `tunnel`: after a 101
 * - `lingering`: the last answer is out; what the client still sends is thrown away
 */
type Phase = "idle" | "head" | "exchange" | "passing" | "tunnel" | "lingering" | "closed";

/**
 * - `plain`: a client's, and may be given to another worker
 * - `secure`: a client's over TLS, whose keys are this worker's
 * - `peer`: another worker's front, asking for its clients
 */
export type Origin = "plain" | "secure" | "peer";

/** A client's HTTP/1 connection: one request after the other, each routed by its own Host, answers in order. */
export class ClientConnection implements HttpConnection {
  readonly socket: Socket;
  readonly context: HttpContext;
  readonly request: RequestHead;
  /** The parser of the answers, one at a time. */
  readonly response: ResponseHead;
  /** Whose connection it is; on one from another front, whose request. */
  client: Client;
  /** The forwarding fields of every request, up to the request's host. */
  forwarding: Buffer;
  /** Of the request in hand, where its service has limits or an access log. */
  visit: Visit | undefined;

  #phase: Phase = "idle";
  /** When the phase began, or was last refreshed. */
  #since: number;
  /** When body bytes last came. */
  #readAt = 0;
  /** Bytes read and not used yet, from `#at` on. */
  #input: Buffer | undefined;
  #at = 0;
  #body: BodyFraming | undefined;
  #discarded = 0;
  #exchange: Exchange | undefined;
  #ended: boolean = false;
  #endTold: boolean = false;
  #held: boolean = false;
  #advancing: boolean = false;
  #passed: number;
  /** The service that the worker has chosen which passed the connection on: for one request, or another front's for all. */
  #chosen: string | undefined;
  readonly #origin: Origin;
  #peerForwarding: Buffer | undefined;
  /** What the other front said last of the client. */
  #peerClient: string | undefined;
  /** What had been sent when the visit began. */
  #sentBefore = 0;
  /** Of a tunnel: what had been read before it began. */
  #readBefore: number | undefined;
  /** Nothing has been asked on this connection yet. */
  #first: boolean = true;
  readonly #stall: StallWatch;

  constructor(socket: Socket, client: Client, context: HttpContext, origin: Origin, passed: number, chosen?: string) {
    this.socket = socket;
    this.client = client;
    this.context = context;
    this.request = new RequestHead(context.limits);
    this.response = new ResponseHead(context.limits);
    this.forwarding = forwardingPrefix(client);
    this.#origin = origin;
    this.#passed = passed;
    this.#chosen = chosen;
    this.#since = context.ticker.now;
    this.#stall = new StallWatch(socket);
    socket.on("data", (chunk: Buffer) => this.onData(chunk));
    socket.on("end", () => this.#onEnd());
    socket.on("drain", () => this.#onDrain());
    // What went wrong does not matter here: "close" follows.
    socket.on("error", () => {});
    socket.on("close", () => this.#onClose());
  }

  /** {@link forwarding} for the front of another worker. */
  get peerForwarding(): Buffer {
    this.#peerForwarding ??= peerPrefix(this.client);
    return this.#peerForwarding;
  }

  /** The request's body has been read to its end. */
  get bodyRead(): boolean {
    return this.#body === undefined || this.#body.done;
  }

  /** Whether another request may follow on this connection. */
  get mayPersist(): boolean {
    return this.request.persistent && !this.context.draining;
  }

  /** The client has half-closed, and nothing that it sent waits. */
  get clientEnded(): boolean {
    return this.#endTold;
  }

  destroy(): void {
    this.socket.destroy();
  }

  drain(): void {
    // Each answer says it: see mayPersist.
  }

  endIdle(): void {
    // Another front's is closed by that front alone: a request of its may be on the way.
    if (this.#phase === "idle" && this.#origin !== "peer") this.close();
  }

  /** Bytes from the client, read here or by whoever passed the connection on. */
  onData(chunk: Buffer): void {
    if (this.#phase === "lingering" || this.#phase === "tunnel") return;
    this.#input = this.#input === undefined ? chunk : Buffer.concat([this.#input.subarray(this.#at), chunk]);
    this.#at = 0;
    this.advance();
  }

  /** Goes on as far as it can. */
  advance(): void {
    // A guest may answer within the call that hands it the request: the loop below goes on with the next one.
    if (this.#advancing) return;
    this.#advancing = true;
    while (this.#step());
    this.#advancing = false;
    this.#afterSteps();
  }

  /** The exchange's answer is out. */
  exchangeDone(keep: boolean): void {
    this.#exchange = undefined;
    this.#passed = 0;
    if (this.#origin !== "peer") this.#chosen = undefined;
    if (this.visit !== undefined) this.#endVisit();
    if (this.#phase !== "exchange") return;
    if (!keep || this.context.draining) this.close();
    else if (this.bodyRead) this.#toIdle();
    else this.#discarded = 0;
    this.advance();
  }

  /** The exchange fails before its answer's head. */
  answerError(error: ErrorAnswer, mustClose = false): void {
    if (this.visit !== undefined) this.visit.status = error.status;
    this.#answer((connection) => {
      const { request } = this;
      return errorAnswer(error, { accept: request.field("accept"), head: request.method === "HEAD", connection });
    }, mustClose);
  }

  /** Answers without a guest. */
  #answer(bytes: (connection: "close" | "keep-alive" | "") => Buffer, mustClose = false): void {
    const { request } = this;
    // RFC 9110 §10.1.1: a client that waits for 100 may send its body or not; the next request cannot be told from it.
    const keep = !mustClose && this.mayPersist && !(request.expectsContinue && !this.bodyRead);
    const connection = keep ? (request.minor === 0 ? "keep-alive" : "") : "close";
    this.socket.write(bytes(connection));
    this.exchangeDone(keep);
  }

  /** The answer cannot be completed: the client must be able to see that it is cut short. */
  breakOff(untilClose: boolean): void {
    this.#exchange = undefined;
    this.#endVisit();
    this.#phase = "lingering";
    // Where only the connection's end marks the body's, an orderly end would look like success.
    if (untilClose) this.socket.resetAndDestroy();
    else this.socket.destroySoon();
  }

  /** Gives the socket up to a tunnel: the bytes that are not used yet. */
  releaseToTunnel(): Buffer | undefined {
    const rest = this.#input?.subarray(this.#at);
    this.#phase = "tunnel";
    this.request.release();
    this.response.release();
    if (this.visit !== undefined) this.#readBefore = this.socket.bytesRead - (rest?.length ?? 0);
    this.#exchange = undefined;
    this.#input = undefined;
    return rest;
  }

  /** Ends the connection after what is written. */
  close(): void {
    if (this.#phase === "lingering" || this.#phase === "closed") return;
    this.#phase = "lingering";
    this.#since = this.context.ticker.now;
    this.#input = undefined;
    this.#body = undefined;
    this.socket.end();
    this.socket.resume();
  }

  sweep(now: number): void {
    const { limits } = this.context;
    if (this.#stall.stalled(now, limits.writeStallMsMax)) {
      this.socket.resetAndDestroy();
      return;
    }
    const age = now - this.#since;
    switch (this.#phase) {
      case "idle":
        if (age > limits.keepAliveMsMax && this.#origin !== "peer") this.close();
        return;
      case "head":
        if (age > limits.headMsMax)
          this.#refuse(new WarrenError("request.timeout", "the request head took too long", { status: 408 }));
        return;
      case "exchange":
        this.#sweepExchange(now, age);
        return;
      case "lingering":
        if (this.socket.writableLength > 0) this.#since = now;
        else if (age > limits.lingerMsMax) this.socket.destroy();
        return;
      default:
    }
  }

  #sweepExchange(now: number, age: number): void {
    const { limits } = this.context;
    const exchange = this.#exchange;
    if (exchange?.wantsBody === false) this.#readAt = now;
    if (!this.bodyRead && now - this.#readAt > limits.bodyIdleMsMax) {
      this.#refuseBody(new WarrenError("request.timeout", "the request body took too long", { status: 408 }));
    } else if (exchange !== undefined && !exchange.answered && age > (exchange.answerMsMax ?? limits.answerMsMax)) {
      const message = `the service did not answer in time: ${exchange.expire()}`;
      this.context.log({ code: "service.timeout", message, listener: this.context.key });
      this.answerError({ status: 504, code: "service.timeout", message });
    } else if (this.#endTold && age > limits.bodyIdleMsMax) {
      // Half-closed by a client that may be gone, with nothing sent to it for so long.
      this.socket.resetAndDestroy();
    }
  }

  /** Something went to the client: it is not waiting in vain. */
  refresh(): void {
    this.#since = Math.max(this.#since, this.context.ticker.now);
  }

  #step(): boolean {
    if (this.#phase === "exchange") return this.#feed();
    return (this.#phase === "idle" || this.#phase === "head") && this.#nextRequest();
  }

  #nextRequest(): boolean {
    const input = this.#input;
    // A client that pipelines without reading must not pile answers up here.
    if (input === undefined || this.socket.writableNeedDrain) return false;
    if (this.#phase === "idle") {
      this.#phase = "head";
      this.#since = this.context.ticker.now;
    }
    const { request } = this;
    let end: number;
    try {
      end = request.parse(input, this.#at);
    } catch (error) {
      if (this.#first && beginsHttp2(input)) {
        const bytes = this.releaseToTunnel();
        this.context.speaksHttp2(this, bytes!, this.#origin === "peer");
        return false;
      }
      this.#refuse(error);
      return false;
    }
    if (end < 0) return false;
    this.#first = false;
    this.#phase = "exchange";
    this.#since = this.#readAt = this.context.ticker.now;
    this.#use(end);
    if (request.chunked) this.#body = BodyFraming.chunked();
    else this.#body = request.contentLength > 0 ? BodyFraming.length(request.contentLength) : undefined;
    this.#dispatch(input);
    return true;
  }

  #dispatch(input: Buffer): void {
    const { request, context } = this;
    let decision: Decision;
    try {
      if (this.#origin === "peer") this.#readPeerClient();
      decision = decide(context, request, this.client, this.#chosen);
    } catch (error) {
      this.#refuse(error);
      return;
    }
    if (decision.visit !== undefined) this.#beginVisit(decision.visit);
    if (decision.kind === "error") {
      this.answerError(decision.error);
      return;
    }
    if (decision.kind === "answer") {
      this.#answerWhole(decision.answer);
      return;
    }
    const { match } = decision;
    const { target } = match;
    switch (target.kind) {
      case "stream":
        try {
          const handshake = match.webSocket === "check" && request.upgrade ? openWebSocket(request) : undefined;
          // What becomes another protocol has no answers, and so none to compress.
          this.#exchange =
            match.compress && !request.upgrade
              ? new RequestExchange(this, context.compression.of(context.handler(target)), match, decision.fields)
              : new StreamExchange(this, target, context.pool(target), match, decision.fields, handshake);
        } catch (error) {
          this.#refuse(error);
          return;
        }
        break;
      case "request":
        this.#exchange = new RequestExchange(
          this,
          match.compress ? context.compression.of(target) : target,
          match,
          decision.fields,
        );
        break;
      case "elsewhere":
        if (this.#origin === "secure") {
          this.#exchange = new StreamExchange(this, target.proxied, context.pool(target.proxied), undefined, undefined);
          break;
        }
        this.#pass(target, input.subarray(request.start), match.service);
        return;
      default:
        target satisfies never;
    }
    // A service's own limit may be shorter than a tick: it is kept, or overrun by a tick, and never cut short.
    if (this.#exchange?.answerMsMax !== undefined) this.#since = context.ticker.exactly();
    this.#exchange?.start();
  }

  /** Another front's connection carries requests of many clients. */
  #readPeerClient(): void {
    const { peerClient } = this.request;
    if (peerClient === this.#peerClient) return;
    this.client = parsePeerClient(peerClient);
    this.#peerClient = peerClient;
    this.forwarding = forwardingPrefix(this.client);
    this.#peerForwarding = undefined;
  }

  #beginVisit(visit: Visit): void {
    const { request } = this;
    this.visit = visit;
    visit.receivedBytes = request.end - request.start;
    if (request.minor === 0) visit.protocol = "HTTP/1.0";
    this.#sentBefore = this.socket.bytesWritten;
    const chunks = this.#body?.chunks;
    if (chunks === undefined) return;
    chunks.bytesMax = visit.bodyBytesMax;
    chunks.tooLarge = bodyTooLarge;
  }

  /** Whatever came of it: also of one that has become a tunnel, when its socket is closed. */
  #endVisit(): void {
    const { visit } = this;
    if (visit === undefined) return;
    this.visit = undefined;
    visit.sentBytes = this.socket.bytesWritten - this.#sentBefore;
    if (this.#readBefore !== undefined) visit.receivedBytes += this.socket.bytesRead - this.#readBefore;
    visit.end();
  }

  /** As a route without a guest says. */
  #answerWhole(answer: Answer): void {
    const head = this.request.method === "HEAD";
    if (this.visit !== undefined) this.visit.status = answer.status;
    try {
      this.#answer((connection) => writeAnswer(answer, { head, connection }));
    } catch (error) {
      this.context.log({ code: "internal", message: String(error), listener: this.context.key });
      this.answerError({ status: 500, code: "internal", message: "internal error" });
    }
  }

  #feed(): boolean {
    const body = this.#body;
    const input = this.#input;
    const exchange = this.#exchange;
    if (body === undefined || input === undefined || exchange?.wantsBody === false) return false;
    this.#readAt = this.context.ticker.now;
    try {
      const to = exchange === undefined ? body.skip(input, this.#at) : exchange.feed(body, input, this.#at);
      if (exchange === undefined) this.#discarded += to - this.#at;
      if (this.visit !== undefined) this.visit.receivedBytes += to - this.#at;
      // The guest may have answered within feed(), and the connection be closed with that.
      if (this.#body !== body) return true;
      this.#use(to);
    } catch (error) {
      this.#refuseBody(error);
      return false;
    }
    if (this.#discarded > this.context.limits.discardBytesMax) {
      this.close();
      return false;
    }
    if (!body.done) return true;
    this.#body = undefined;
    exchange?.onBodyEnd();
    if (this.#phase === "exchange" && this.#exchange === undefined) this.#toIdle();
    return true;
  }

  /** Marks input as used up to `to`. */
  #use(to: number): void {
    const { length } = this.#input!;
    this.#at = to === length ? 0 : to;
    if (to === length) this.#input = undefined;
  }

  #toIdle(): void {
    this.request.release();
    this.response.release();
    this.#phase = "idle";
    this.#since = this.context.ticker.now;
    this.#discarded = 0;
  }

  #afterSteps(): void {
    // Whoever has the socket now decides whether it is read.
    if (this.#phase === "passing" || this.#phase === "tunnel") return;
    const input = this.#input;
    const waiting = input === undefined ? 0 : input.length - this.#at;
    const hold = this.#phase === "exchange" && waiting > (this.bodyRead ? this.context.limits.aheadBytesMax : 0);
    if (hold !== this.#held) {
      this.#held = hold;
      if (hold) this.socket.pause();
      else this.socket.resume();
    }
    if (this.#ended) this.#afterEnd(waiting);
  }

  /** The client has half-closed: what can still come of it? */
  #afterEnd(waiting: number): void {
    if (this.#phase === "idle" || this.#phase === "head") {
      if (!this.socket.writableNeedDrain) this.close();
    } else if (this.#phase === "exchange" && waiting === 0) {
      if (!this.bodyRead) this.#drop();
      else if (!this.#endTold) {
        this.#endTold = true;
        this.#exchange?.onClientEnd();
      }
    }
  }

  #drop(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.abort();
    this.#endVisit();
    this.socket.destroy();
  }

  /** One that has its answer already gets no second. */
  #refuseBody(error: unknown): void {
    if (this.#exchange === undefined) this.close();
    else this.#refuse(error);
  }

  /** Answers a request that cannot be understood, if it can still be answered, and ends the connection. */
  #refuse(error: unknown): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.abort();
    if (exchange?.answered) {
      this.breakOff(false);
      return;
    }
    const { status, code, message } =
      error instanceof WarrenError ? error : new WarrenError("internal", "internal error", { status: 500 });
    if (status === 500) this.context.log({ code: "internal", message: String(error), listener: this.context.key });
    this.socket.write(errorAnswer({ status, code, message }, { accept: undefined, head: false, connection: "close" }));
    if (this.visit !== undefined) this.visit.status = status;
    this.#endVisit();
    this.close();
  }

  #pass(target: ElsewhereTarget, bytes: Buffer, service: string): void {
    const passed = this.#passed + 1;
    if (passed > passedMax) {
      this.answerError({
        status: 503,
        code: "service.unavailable",
        message: "the service is moving",
        retryAfterSeconds: 1,
      });
      return;
    }
    this.#phase = "passing";
    passOn(this.socket, bytes, target, {
      listener: this.context.key,
      passed,
      peer: this.#origin === "peer",
      service,
    }).catch((error: unknown) => {
      if (this.#phase !== "passing") return;
      this.context.log({ code: "service.unavailable", message: String(error), listener: this.context.key });
      this.#phase = "exchange";
      this.answerError(
        { status: 503, code: "service.unavailable", message: "the service is not available now", retryAfterSeconds: 1 },
        true,
      );
    });
  }

  #onEnd(): void {
    this.#ended = true;
    if (!this.#advancing) this.#afterSteps();
  }

  #onDrain(): void {
    this.#exchange?.onClientDrain();
    this.advance();
  }

  #onClose(): void {
    this.#phase = "closed";
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.abort();
    this.#endVisit();
    this.#input = undefined;
    this.context.onClosed(this);
  }
}
