import { SystemClocks } from "../../../clocks.ts";
import { DescriptorTable } from "../../../descriptor-table.ts";
import { CpuMeter, GuestThread } from "../../../guest-thread.ts";
import { Fields } from "../../../http/fields.ts";
import { Dialler } from "../../../sockets/dialler.ts";
import { VirtualNetwork } from "../../../sockets/virtual-network.ts";
import { InputStream } from "../../input-stream.ts";
import { ioPoll } from "../../io/poll.ts";
import { ioStreams } from "../../io/streams.ts";
import { OutputStream } from "../../output-stream.ts";
import { Pollable } from "../../pollable.ts";
import { ResourceCount } from "../../resource-count.ts";
import { FutureIncomingResponse } from "../future-incoming-response.ts";
import type { HttpContext, HttpHost } from "../host.ts";
import { FutureTrailers, IncomingBody } from "../incoming-body.ts";
import { IncomingRequest } from "../incoming-request.ts";
import { IncomingResponse } from "../incoming-response.ts";
import { OutgoingBody } from "../outgoing-body.ts";
import { httpOutgoingHandler } from "../outgoing-handler.ts";
import { OutgoingRequest } from "../outgoing-request.ts";
import { OutgoingResponse } from "../outgoing-response.ts";
import { RequestOptions } from "../request-options.ts";
import { ResponseOutparam } from "../response-outparam.ts";
import { httpTypes } from "../types.ts";

export function testHttpHost(http: HttpContext): HttpHost {
  const clocks = new SystemClocks();
  const network = new VirtualNetwork();
  return {
    table: new DescriptorTable(),
    thread: new GuestThread(clocks, new CpuMeter()),
    clocks,
    random: (target) => target.fill(7),
    network,
    dialler: new Dialler(network),
    args: [],
    env: [],
    handed: new Set(),
    resources: new ResourceCount(1000),
    exit(code) {
      throw new Error(`exit ${code}`);
    },
    http,
  };
}

const drops: readonly (readonly [new (...args: never[]) => object, string])[] = [
  [Fields as never, "fields"],
  [IncomingRequest, "incoming-request"],
  [IncomingResponse, "incoming-response"],
  [IncomingBody, "incoming-body"],
  [FutureTrailers, "future-trailers"],
  [FutureIncomingResponse, "future-incoming-response"],
  [OutgoingRequest, "outgoing-request"],
  [OutgoingResponse, "outgoing-response"],
  [OutgoingBody, "outgoing-body"],
  [RequestOptions, "request-options"],
  [ResponseOutparam, "response-outparam"],
  [Pollable, "pollable"],
  [InputStream as never, "input-stream"],
  [OutputStream as never, "output-stream"],
];

/** Functions that take their arguments over: what of them is a resource. */
const consuming =
  /^(\[constructor\]outgoing|\[static\](incoming-body|outgoing-body)\.finish|\[static\]response-outparam|\[method\]response-outparam\.send|handle$|\[resource-drop\])/;

// biome-ignore lint/suspicious/noExplicitAny: as a guest would, it takes what its interface's declaration says
type Loose = any;

/** A guest in JavaScript: it calls what a component would, by the names that a component has for it, and holds what it gets. */
export class JsGuest {
  readonly host: HttpHost;
  readonly held: Set<object> = new Set();
  readonly #functions: Readonly<Record<string, (...args: Loose[]) => unknown>>;

  constructor(host: HttpHost) {
    this.host = host;
    this.#functions = Object.assign(
      {},
      ...[httpTypes, httpOutgoingHandler, ioStreams, ioPoll].map((one) => one.functions(host)),
    );
  }

  take(...resources: object[]): void {
    for (const one of resources) this.held.add(one);
  }

  /** Calls a function that never waits. */
  call(name: string, ...args: Loose[]): Loose {
    const call = this.#functions[name];
    if (call === undefined) throw new Error(`there is no ${name}`);
    const own = consuming.test(name) ? args : [];
    for (const arg of own) this.#let(arg);
    const result = call(...args);
    if (!(result instanceof Promise)) this.#get(result);
    return result;
  }

  /** Calls one that may: the payload of its result. */
  async wait(name: string, ...args: Loose[]): Promise<Loose> {
    const result = await this.call(name, ...args);
    this.#get(result);
    return result;
  }

  /** Calls a function whose result must be `ok`: its payload. */
  ok(name: string, ...args: Loose[]): Loose {
    const result = this.call(name, ...args);
    if (result?.tag !== "ok") throw new Error(`${name}: ${JSON.stringify(result?.val)}`);
    return result.val;
  }

  async waitOk(name: string, ...args: Loose[]): Promise<Loose> {
    const result = await this.wait(name, ...args);
    if (result?.tag !== "ok") throw new Error(`${name}: ${JSON.stringify(result?.val)}`);
    return result.val;
  }

  drop(resource: object): void {
    const name = drops.find(([type]) => resource instanceof type)?.[1];
    this.call(`[resource-drop]${name}`, resource);
  }

  dropAll(): void {
    for (const one of [...this.held]) this.drop(one);
  }

  /** Waits for something that has a `subscribe`. */
  async block(type: string, self: object): Promise<void> {
    const pollable = this.call(`[method]${type}.subscribe`, self);
    await this.wait("[method]pollable.block", pollable);
    this.drop(pollable);
  }

  /** A response with a body that is not written yet. */
  respond(
    out: object,
    { status = 200, fields = [] }: { status?: number; fields?: readonly (readonly [string, string])[] } = {},
  ): Loose {
    const list = fields.map(([name, value]) => [name, Buffer.from(value, "latin1")]);
    const response = this.call("[constructor]outgoing-response", this.ok("[static]fields.from-list", list));
    this.ok("[method]outgoing-response.set-status-code", response, status);
    const body = this.ok("[method]outgoing-response.body", response);
    this.call("[static]response-outparam.set", out, { tag: "ok", val: response });
    return body;
  }

  /** Writes a body as a guest does that waits for each piece. */
  async write(stream: object, text: string | Uint8Array): Promise<void> {
    const bytes = Buffer.from(text as string);
    for (let at = 0; at < bytes.length; at += 4096) {
      const piece = bytes.subarray(at, at + 4096);
      await this.waitOk("[method]output-stream.blocking-write-and-flush", stream, piece);
      // A guest's memory is its own to change as soon as the call is over.
      piece.fill(0);
    }
  }

  /** Answers with a whole body. */
  async hello(out: object, text: string, options: Parameters<JsGuest["respond"]>[1] = {}): Promise<void> {
    const body = this.respond(out, options);
    const stream = this.ok("[method]outgoing-body.write", body);
    await this.write(stream, text);
    this.drop(stream);
    this.ok("[static]outgoing-body.finish", body, undefined);
  }

  /** Reads a body to its end: its text. */
  async read(body: object): Promise<string> {
    const stream = this.ok("[method]incoming-body.stream", body);
    let text = "";
    for (;;) {
      const result = await this.wait("[method]input-stream.blocking-read", stream, 65536n);
      if (result.tag === "err") {
        this.drop(stream);
        if (result.val.tag === "closed") return text;
        throw Object.assign(new Error("failed"), { code: this.call("http-error-code", result.val.val) });
      }
      text += Buffer.from(result.val).toString("latin1");
    }
  }

  #get(value: Loose): void {
    if (value === null || typeof value !== "object") return;
    if (drops.some(([type]) => value instanceof type)) this.held.add(value);
    else if ("tag" in value) this.#get(value.val);
  }

  #let(value: Loose): void {
    if (value === null || typeof value !== "object") return;
    this.held.delete(value);
    if ("tag" in value) this.#let(value.val);
  }
}
