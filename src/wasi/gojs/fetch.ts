import type { Readable } from "node:stream";
import type { Dialler } from "../sockets/dialler.ts";
import { type HttpAnswer, type HttpRequest, sendRequest } from "./http-client.ts";
import { type Begin, failureOf, scriptPromise } from "./promise.ts";
import { method, ScriptArray, ScriptBytes, ScriptFunction, ScriptObject, textOf, type Value } from "./value.ts";

/** Requests under way at a time, answers that are not read to their end among them. */
const requestsMax = 256;

export interface FetchOptions {
  readonly dialler: Dialler;
  readonly begin: Begin;
  /** Aborted when the program ends. */
  readonly end: AbortSignal;
}

/** `fetch`, `Headers` and `AbortController` as Go's net/http uses them (net/http/roundtrip_js.go; https://fetch.spec.whatwg.org). */
export function makeFetch(options: FetchOptions): Record<"fetch" | "Headers" | "AbortController", ScriptFunction> {
  const underWay = new Set<AbortController>();
  options.end.addEventListener("abort", () => {
    for (const request of underWay) request.abort();
  });
  async function answer(args: readonly Value[]): Promise<Value> {
    const [address, init] = args;
    if (underWay.size >= requestsMax) throw failureOf("TypeError", new Error("too many requests are under way"));
    const abort = new AbortController();
    underWay.add(abort);
    const signal = init instanceof ScriptObject ? init.get("signal") : undefined;
    const theirs = signal instanceof ScriptSignal ? signal : undefined;
    theirs?.add(abort);
    const done = () => {
      underWay.delete(abort);
      theirs?.requests.delete(abort);
    };
    try {
      const got = await sendRequest(requestOf(address, init), options.dialler, abort.signal);
      got.body.once("close", done);
      return responseOf(got, options.begin);
    } catch (error) {
      done();
      throw failureOf(abort.signal.aborted ? "AbortError" : "TypeError", error);
    }
  }
  return {
    fetch: method((args) => scriptPromise(answer(args), options.begin)),
    Headers: new ScriptFunction(
      () => undefined,
      () => new ScriptHeaders([]),
      (value) => value instanceof ScriptHeaders,
    ),
    AbortController: new ScriptFunction(
      () => undefined,
      () => {
        const signal = new ScriptSignal();
        const abort = () => {
          signal.abort();
          return undefined;
        };
        return new ScriptObject({ signal, abort: method(abort) });
      },
    ),
  };
}

class ScriptHeaders extends ScriptObject {
  readonly fields: [name: string, value: string][];

  constructor(fields: readonly (readonly [name: string, value: string])[]) {
    super();
    this.fields = fields.map(([name, value]) => [name, value]);
    const append = ([name, value]: readonly Value[]) => void this.fields.push([textOf(name), textOf(value)]);
    this.set("append", method(append));
    this.set(
      "entries",
      method(() => iteratorOf(this.fields)),
    );
  }
}

class ScriptSignal extends ScriptObject {
  readonly requests = new Set<AbortController>();
  #aborted: boolean = false;

  add(request: AbortController): void {
    this.requests.add(request);
    if (this.#aborted) request.abort();
  }

  abort(): void {
    this.#aborted = true;
    for (const request of this.requests) request.abort();
  }
}

function requestOf(address: Value, init: Value): HttpRequest {
  const option = (name: string): Value => (init instanceof ScriptObject ? init.get(name) : undefined);
  const headers = option("headers");
  const body = option("body");
  const redirect = option("redirect");
  return {
    url: new URL(textOf(address)),
    method: textOf(option("method") ?? "GET"),
    fields: headers instanceof ScriptHeaders ? [...headers.fields] : [],
    // The program may change its own meanwhile.
    body: body instanceof ScriptBytes ? body.bytes.slice() : undefined,
    redirect: redirect === "error" || redirect === "manual" ? redirect : "follow",
  };
}

function responseOf({ url, redirected, status, statusText, fields, body }: HttpAnswer, begin: Begin): ScriptObject {
  return new ScriptObject({
    status,
    statusText,
    ok: status >= 200 && status < 300,
    redirected,
    url: url.href,
    headers: new ScriptHeaders(fields),
    body: new ScriptObject({ getReader: method(() => readerOf(body, begin)) }),
  });
}

/** ReadableStreamDefaultReader: a chunk a call, and none is read before it is asked for. */
function readerOf(body: Readable, begin: Begin): ScriptObject {
  const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]();
  const read = async (): Promise<Value> => {
    const next = await chunks.next().catch((error: unknown) => {
      throw failureOf("TypeError", error);
    });
    const value = next.done === true ? undefined : new ScriptBytes(next.value);
    return new ScriptObject({ done: next.done === true, value });
  };
  return new ScriptObject({
    read: method(() => scriptPromise(read(), begin)),
    cancel: method(() => void body.destroy()),
  });
}

function iteratorOf(fields: readonly (readonly [name: string, value: string])[]): ScriptObject {
  let at = 0;
  const next = () => {
    const field = fields[at++];
    return new ScriptObject({ done: field === undefined, value: field && new ScriptArray([...field]) });
  };
  return new ScriptObject({ next: method(next) });
}
