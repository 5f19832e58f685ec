import { WarrenError } from "../../base/errors.ts";
import { Flow } from "../../base/flow.ts";
import { describeSpent } from "../../base/spent.ts";
import type { Match } from "../router.ts";
import { type Field, queueCode, type RequestTarget, type TargetRequest, type TargetResponse } from "../target.ts";
import { writeChunk } from "./answer-body.ts";
import type { BodyFraming } from "./body-framing.ts";
import { lastChunkWith } from "./chunked-body.ts";
import type { ClientConnection } from "./client-connection.ts";
import { currentDate } from "./date.ts";
import type { Exchange } from "./exchange.ts";
import { writeHead, writeInterim } from "./write-head.ts";

/** Copying so much behind a head is cheaper than to write two buffers. */
const oneWriteBytesMax = 4096;

/** A request on its way through a guest that is called once for each request. */
export class RequestExchange implements Exchange {
  readonly #client: ClientConnection;
  readonly #target: RequestTarget;
  /** Fields of the front's, which go with the answer. */
  readonly #fields: readonly Field[] | undefined;
  readonly #request: TargetRequest;
  readonly #body = new Flow();
  /** Of the request. */
  readonly #trailers: Field[] = [];
  #framing: BodyFraming | undefined;
  /** Costs more than the rest of a request: made when somebody asks for the signal. */
  #abort: AbortController | undefined;
  readonly #startedAt = performance.now();
  #over: boolean = false;
  #answer: Flow | undefined;
  #answerTrailers: readonly Field[] = [];
  #giveBack: TargetResponse["giveBack"];
  #form: "length" | "chunked" | "close" = "length";
  #remaining = 0;
  #keep: boolean = false;
  #blocked: boolean = false;
  #pumping: boolean = false;

  constructor(client: ClientConnection, target: RequestTarget, match: Match, fields: readonly Field[] | undefined) {
    const { request } = client;
    const { remote, local, scheme } = client.client;
    const id = client.context.requestIds.next();
    const headers: Field[] = [];
    for (const field of request.forwardedFields()) if (field[0] !== "transfer-encoding") headers.push(field);
    headers.push(
      ["x-forwarded-for", remote.ip],
      ["x-forwarded-proto", scheme],
      ["x-forwarded-host", request.host],
      ["x-request-id", id],
    );
    if (match.strip) headers.push(["x-forwarded-prefix", match.path]);
    if (client.visit !== undefined) client.visit.requestId = id;
    this.#client = client;
    this.#target = target;
    this.#fields = fields;
    const exchange = this;
    this.#request = {
      method: request.method,
      path: request.target,
      mountedAt: match.path,
      strip: match.strip,
      host: request.host,
      scheme,
      headers,
      body: this.#body,
      trailers: this.#trailers,
      inform: (status, fields) => this.#inform(status, fields),
      client: remote,
      server: local,
      get signal() {
        return exchange.#signal;
      },
    };
    this.#body.onWritable = () => client.advance();
    if (!request.hasBody) this.#body.end();
  }

  start(): void {
    const { activity } = this.#target;
    activity.requests++;
    activity.active++;
    const { request, socket } = this.#client;
    if (request.expectsContinue) {
      request.expectsContinue = false;
      socket.write("HTTP/1.1 100 Continue\r\n\r\n");
    }
    this.#run().catch((error: unknown) => this.#failed(error));
  }

  get answered(): boolean {
    return this.#answer !== undefined;
  }

  get wantsBody(): boolean {
    return this.#body.writable || this.#body.closed;
  }

  feed(framing: BodyFraming, bytes: Buffer, from: number): number {
    this.#framing = framing;
    return framing.take(bytes, from, (data) => void this.#body.push(data));
  }

  onBodyEnd(): void {
    this.#trailers.push(...(this.#framing?.chunks?.trailers ?? []));
    this.#body.end();
  }

  onClientDrain(): void {
    this.#blocked = false;
    this.#pump();
  }

  onClientEnd(): void {
    // The request is complete; the answer may still be wanted.
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    const error = new WarrenError("connection.reset", "the client went away", { status: 502 });
    this.#body.fail(error);
    this.#answer?.cancel();
    this.#abort?.abort(error);
    this.#request.onGone?.();
    this.#release();
  }

  expire(): string {
    this.abort();
    return describeSpent(performance.now() - this.#startedAt, undefined, undefined);
  }

  get #signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#over) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  #inform(status: number, fields: readonly Field[]): void {
    const { request, socket } = this.#client;
    if (!this.#over && !this.answered && request.minor === 1) socket.write(writeInterim(status, fields), "latin1");
  }

  async #run(): Promise<void> {
    const response = await this.#target.handle(this.#request);
    if (this.#over) response.body.cancel();
    else this.#begin(response);
  }

  #begin(response: TargetResponse): void {
    const { request, socket } = this.#client;
    const { status, body } = response;
    const { visit } = this.#client;
    if (visit !== undefined) {
      visit.status = status;
      visit.cpuMs = response.cpuMs;
    }
    const head = writeHead(status, response.headers, currentDate());
    const bodiless = request.method === "HEAD" || status === 204 || status === 304;
    let length = head.contentLength;
    // All of it is there already: its length is known.
    if (length < 0 && body.closed && body.failure === undefined && !response.trailers?.length) length = body.bytes;
    this.#form = bodiless || length >= 0 ? "length" : request.minor === 1 ? "chunked" : "close";
    this.#remaining = bodiless ? 0 : length;
    this.#keep = this.#client.mayPersist && this.#form !== "close";
    let text = head.text;
    if (bodiless ? head.contentLength >= 0 && status !== 204 : this.#form === "length")
      text += `Content-Length: ${length}\r\n`;
    else if (this.#form === "chunked") text += "Transfer-Encoding: chunked\r\n";
    if (this.#fields !== undefined) for (const [name, value] of this.#fields) text += `${name}: ${value}\r\n`;
    if (!this.#keep) text += "Connection: close\r\n";
    else if (request.minor === 0) text += "Connection: keep-alive\r\n";
    this.#answer = body;
    this.#answerTrailers = response.trailers ?? [];
    this.#giveBack = response.giveBack;
    if (!bodiless && this.#form === "length" && this.#giveBack === undefined && this.#remaining <= oneWriteBytesMax) {
      const whole = withBody(text, body, this.#remaining);
      if (whole !== undefined) {
        socket.write(whole);
        this.#done(true);
        return;
      }
    }
    socket.cork();
    socket.write(`${text}\r\n`, "latin1");
    if (bodiless) body.cancel();
    else body.onReadable = () => this.#pump();
    this.#pump();
    socket.uncork();
  }

  #pump(): void {
    const answer = this.#answer;
    // Taking a chunk may make the guest push the next one before this one is written: that one's turn comes below.
    if (answer === undefined || this.#over || this.#pumping) return;
    this.#pumping = true;
    while (!this.#blocked && !(this.#form === "length" && this.#remaining === 0)) {
      const chunk = answer.shift();
      if (chunk === undefined) break;
      this.#client.refresh();
      this.#write(chunk);
      this.#blocked = this.#client.socket.writableNeedDrain;
    }
    this.#pumping = false;
    if (this.#form === "length" && this.#remaining === 0) {
      // More than Content-Length said would be read as the next answer.
      answer.cancel();
      this.#done(true);
    } else if (answer.finished) {
      this.#done(answer.failure === undefined && this.#form !== "length");
    }
  }

  #write(chunk: Uint8Array): void {
    const { socket } = this.#client;
    if (this.#form === "chunked") {
      writeChunk(socket, chunk);
      return;
    }
    const data = this.#form === "length" && chunk.length > this.#remaining ? chunk.subarray(0, this.#remaining) : chunk;
    this.#remaining -= data.length;
    const giveBack = this.#giveBack;
    if (giveBack === undefined) socket.write(data);
    // After an error the system may be at work with it still.
    else socket.write(data, (error) => void (error ?? giveBack(chunk)));
  }

  #done(whole: boolean): void {
    this.#over = true;
    if (!this.#body.closed) this.#body.fail(new WarrenError("connection.ended", "the request was answered"));
    if (whole && this.#form === "chunked") this.#client.socket.write(lastChunkWith(this.#answerTrailers));
    this.#release();
    if (whole) this.#client.exchangeDone(this.#keep);
    else this.#client.breakOff(this.#form === "close");
  }

  #failed(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    const { context } = this.#client;
    const known = error instanceof WarrenError;
    const full = known && error.code === queueCode;
    context.log({ code: known ? error.code : "internal", message: String(error), listener: context.key });
    if (!this.#body.closed) this.#body.fail(new WarrenError("connection.ended", "the request failed"));
    this.#release();
    this.#client.answerError(
      known && error.status === 503
        ? {
            status: 503,
            code: full ? queueCode : "service.unavailable",
            message: full ? "too many requests wait for the service already" : "the service is not available now",
            retryAfterSeconds: 1,
          }
        : known && error.status === 504
          ? { status: 504, code: error.code, message: error.message }
          : { status: 502, code: "service.broken", message: "the service broke off before it answered" },
    );
  }

  #release(): void {
    const { activity } = this.#target;
    if (--activity.active === 0) activity.onIdle?.();
  }
}

/** Head and body in one buffer, which costs less to write than two; undefined when not all of the body is there. */
function withBody(head: string, body: Flow, length: number): Uint8Array | undefined {
  if (!body.closed || body.bytes !== length || body.failure !== undefined) return undefined;
  const whole = Buffer.allocUnsafe(head.length + 2 + length);
  let at = whole.write(head, "latin1");
  whole[at++] = 13;
  whole[at++] = 10;
  for (let chunk = body.shift(); chunk !== undefined; chunk = body.shift()) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
