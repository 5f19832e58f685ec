import type { Call } from "../../http/call.ts";
import type { FieldAccount } from "../../http/fields.ts";
import type { HttpClient } from "../../http/http-client.ts";
import type { P2Host } from "../host.ts";

/** What wasi:http needs besides. */
export interface HttpHost extends P2Host {
  readonly http: HttpContext;
}

/** What the fields of one guest may hold together. */
const fieldBytesMaxDefault = 4 * 1024 * 1024;
/** Requests that a guest may have under way, answers that it has not read to their end among them. */
const callsMaxDefault = 256;

export interface HttpContextLimits {
  readonly fieldBytesMax: number;
  readonly callsMax: number;
}

/** What one instance has of wasi:http. */
export class HttpContext implements FieldAccount {
  /** By which its requests go out; without one none do. */
  readonly client: HttpClient | undefined;
  /** The guest's resources are being dropped for it, in any order: no mistake of its own. */
  dropping: boolean = false;
  readonly #limits: HttpContextLimits;
  readonly #calls = new Set<Call>();
  #fieldBytes = 0;

  constructor(client: HttpClient | undefined, limits: Partial<HttpContextLimits> = {}) {
    this.client = client;
    this.#limits = { fieldBytesMax: fieldBytesMaxDefault, callsMax: callsMaxDefault, ...limits };
  }

  add(bytes: number): boolean {
    if (this.#fieldBytes + bytes > this.#limits.fieldBytesMax) return false;
    this.#fieldBytes += bytes;
    return true;
  }

  remove(bytes: number): void {
    this.#fieldBytes -= bytes;
  }

  /** What the guest's fields hold. */
  get fieldBytes(): number {
    return this.#fieldBytes;
  }

  /** Requests under way. */
  get calls(): number {
    return this.#calls.size;
  }
  get mayCall(): boolean {
    return this.#calls.size < this.#limits.callsMax;
  }

  /** Counts a call until it is over. */
  began(call: Call): void {
    this.#calls.add(call);
    call.onOver = () => this.#calls.delete(call);
  }

  /** Breaks off what goes out: the guest has no way left to hear of it. */
  end(): void {
    if (this.#calls.size === 0) return;
    for (const call of this.#calls) call.cancel();
    this.#calls.clear();
  }
}
