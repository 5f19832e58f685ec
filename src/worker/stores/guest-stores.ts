import type {
  KeyPage,
  KeyValueAnswer,
  KeyValueBucket,
  KeyValueError,
  KeyValueOutcome,
  KeyValueStore,
} from "../../wasi/keyvalue/key-value-store.ts";
import type { StoreAnswer, StoreCall, StoreGrant } from "../protocol.ts";

/** Characters of keys and values of a service's calls under way here; one call has at most so many. */
const charsMax = 4 * 1024 * 1024;
const callsMax = 64;

/** Asks the daemon. Rejects while there is none. */
export type AskStore = (identifier: string, call: StoreCall) => Promise<StoreAnswer>;

export interface GuestStoresOptions {
  readonly ask: AskStore;
  /** How long a call waits for a daemon. Milliseconds. */
  readonly patienceMs?: number;
}

/** The stores of one service, which the daemon has: {@link StoreGrant}s by the guest's names. `""` is `default`. */
export class GuestStores implements KeyValueStore {
  readonly #grants: readonly StoreGrant[];
  readonly #options: Required<GuestStoresOptions>;
  #calls = 0;
  #chars = 0;

  constructor(grants: readonly StoreGrant[], options: GuestStoresOptions) {
    this.#grants = grants;
    this.#options = { patienceMs: 2000, ...options };
  }

  open(identifier: string): KeyValueOutcome<KeyValueBucket> {
    const wanted = identifier === "" ? "default" : identifier;
    if (!this.#grants.some((grant) => grant.identifier === wanted))
      return { tag: "err", val: { tag: "no-such-store", val: undefined } };
    return ok(new DaemonBucket((call) => this.#ask(wanted, call)));
  }

  async #ask(identifier: string, call: StoreCall): Promise<StoreAnswer> {
    const chars = charsOf(call);
    if (chars > charsMax) return { tag: "other", why: `the call is too large: at most 1000 keys, 1.5 MiB of values` };
    if (this.#calls >= callsMax || (this.#calls > 0 && this.#chars + chars > charsMax))
      return { tag: "other", why: "too many calls of this service are under way: try again" };
    this.#calls++;
    this.#chars += chars;
    try {
      return await this.#patiently(identifier, call);
    } finally {
      this.#calls--;
      this.#chars -= chars;
    }
  }

  /** Once more, where no daemon took the call. One that may have done it is not asked twice. */
  async #patiently(identifier: string, call: StoreCall): Promise<StoreAnswer> {
    const { ask, patienceMs } = this.#options;
    for (let waited = 0; ; waited += 100) {
      try {
        return await ask(identifier, call);
      } catch (error) {
        if (!(error instanceof NoDaemon))
          return { tag: "other", why: "the daemon went away before it answered; the call may have been done" };
        if (waited >= patienceMs) return { tag: "other", why: "no daemon is there: try again" };
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }
}

/** There is none to ask: nothing was done. */
export class NoDaemon extends Error {}

class DaemonBucket implements KeyValueBucket {
  readonly #ask: (call: StoreCall) => Promise<StoreAnswer>;

  constructor(ask: (call: StoreCall) => Promise<StoreAnswer>) {
    this.#ask = ask;
  }

  async get(key: string): Promise<KeyValueOutcome<Uint8Array | undefined>> {
    const found = await this.getMany([key]);
    return found.tag === "ok" ? ok(found.val[0]) : found;
  }

  set(key: string, value: Uint8Array): KeyValueAnswer<undefined> {
    return this.setMany([[key, value]]);
  }

  delete(key: string): KeyValueAnswer<undefined> {
    return this.deleteMany([key]);
  }

  async exists(key: string): Promise<KeyValueOutcome<boolean>> {
    const answer = await this.#ask({ do: "exists", key });
    return answer.tag === "exists" ? ok(answer.exists) : refused(answer);
  }

  async listKeys(cursor: bigint = 0n): Promise<KeyValueOutcome<KeyPage>> {
    const answer = await this.#ask({ do: "list", after: String(cursor) });
    if (answer.tag !== "keys") return refused(answer);
    const { keys, cursor: next } = answer;
    return ok({ keys, cursor: next === undefined ? undefined : BigInt(next) });
  }

  async increment(key: string, delta: bigint): Promise<KeyValueOutcome<bigint>> {
    const answer = await this.#ask({ do: "increment", key, by: String(delta) });
    return answer.tag === "sum" ? ok(BigInt(answer.sum)) : refused(answer);
  }

  async getMany(keys: readonly string[]): Promise<KeyValueOutcome<readonly (Uint8Array | undefined)[]>> {
    const answer = await this.#ask({ do: "get", keys });
    if (answer.tag !== "values") return refused(answer);
    return ok(answer.values.map((value) => (value === null ? undefined : Buffer.from(value, "base64"))));
  }

  setMany(entries: readonly (readonly [key: string, value: Uint8Array])[]): KeyValueAnswer<undefined> {
    // Before the first await: the values are the guest's memory.
    const given = entries.map(([key, value]) => [key, base64(value)] as const);
    return this.#done({ do: "set", entries: given });
  }

  deleteMany(keys: readonly string[]): KeyValueAnswer<undefined> {
    return this.#done({ do: "delete", keys });
  }

  async #done(call: StoreCall): Promise<KeyValueOutcome<undefined>> {
    const answer = await this.#ask(call);
    return answer.tag === "done" ? ok(undefined) : refused(answer);
  }
}

function charsOf(call: StoreCall): number {
  if (call.do === "set") return call.entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  return "keys" in call ? call.keys.reduce((sum, key) => sum + key.length, 0) : "key" in call ? call.key.length : 0;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

function ok<T>(val: T): { readonly tag: "ok"; readonly val: T } {
  return { tag: "ok", val };
}

function refused(answer: StoreAnswer): { readonly tag: "err"; readonly val: KeyValueError } {
  if (answer.tag === "no-such-store" || answer.tag === "access-denied")
    return { tag: "err", val: { tag: answer.tag, val: undefined } };
  const val = answer.tag === "other" ? answer.why : "the daemon's answer is not one";
  return { tag: "err", val: { tag: "other", val } };
}
