import type { Exit } from "../../../engine/exit.ts";
import type { HttpContext, HttpHost } from "../../../wasi/p2/http/host.ts";
import { JsGuest, testHttpHost } from "../../../wasi/p2/http/testdata/js-guest.ts";
import type { PooledInstance } from "../pooled-instance.ts";

/** What a handler in JavaScript is called with; `state` is the instance's own and goes at a reset. */
export type JsHandler = (guest: JsGuest, request: object, out: object, state: Map<string, unknown>) => Promise<void>;

/** A handler in JavaScript in the place of a component's instance. */
export class JsInstance implements PooledInstance {
  readonly host: HttpHost;
  readonly memoryBytes = 65536;
  cpuMs = 0;
  killed: string | undefined;
  resets = 0;
  resettable: boolean = true;
  guest: JsGuest;
  state: Map<string, unknown> = new Map();
  readonly #handler: JsHandler;
  #kill: ((error: Error) => void) | undefined;

  constructor(http: HttpContext, handler: JsHandler) {
    this.host = testHttpHost(http);
    this.guest = new JsGuest(this.host);
    this.#handler = handler;
  }

  get waiting(): boolean {
    return this.host.thread.parked;
  }

  handle(request: object, out: object): Promise<unknown> {
    this.guest.take(request, out);
    this.host.thread.start();
    const killed = new Promise((_, reject) => {
      this.#kill = reject;
    });
    return Promise.race([this.#handler(this.guest, request, out, this.state), killed]).finally(() =>
      this.host.thread.stop(),
    );
  }

  exitOf(error: unknown): Exit {
    if (this.killed !== undefined) return { kind: "killed", reason: this.killed };
    return { kind: "trap", message: (error as Error).message, backtrace: [] };
  }

  reset(): boolean {
    const { http } = this.host;
    http.dropping = true;
    this.guest.dropAll();
    http.end();
    http.dropping = false;
    this.state.clear();
    this.resets++;
    return this.resettable;
  }

  kill(reason: string): void {
    this.killed = reason;
    this.host.http.dropping = true;
    this.guest.dropAll();
    this.host.thread.end(new Error("killed"));
    this.#kill?.(new Error("killed"));
    this.host.http.end();
  }
}
