// Calls the functions of wasi:http and of its streams with random arguments of the types that their declarations have, while clients and
// upstreams do what they like: a guest gets what the declaration says, or it ends, and nothing is left of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { type Conduit, conduitPair, resetConduit } from "../../../base/conduit.ts";
import { WarrenError } from "../../../base/errors.ts";
import { Flow } from "../../../base/flow.ts";
import { seeded } from "../../../base/testdata/random.ts";
import { hostTypes } from "../../../component/host-types.ts";
import type { FunctionType, ValueType } from "../../../component/types.ts";
import type { Content, Exchange } from "../../http/exchange.ts";
import { Fields } from "../../http/fields.ts";
import { HttpClient } from "../../http/http-client.ts";
import { http as plain } from "../../http/uri-syntax.ts";
import { uncatchableError } from "../../uncatchable.ts";
import { interfaces } from "../bind.ts";
import { HttpContext, type HttpHost } from "./host.ts";
import { IncomingRequest } from "./incoming-request.ts";
import { httpInterfaces } from "./interfaces.ts";
import { OutgoingRequest } from "./outgoing-request.ts";
import { ResponseOutparam } from "./response-outparam.ts";
import { testHttpHost } from "./testdata/js-guest.ts";

const rounds = Number(process.env.WARREN_FUZZ_ROUNDS ?? 150);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);
const callsPerRound = 300;

const offers = [...interfaces.filter(({ name }) => name.startsWith("wasi:io/")), ...httpInterfaces];
const types = hostTypes([...interfaces, ...httpInterfaces]);
const targets = offers.flatMap(({ name: owner, version, blocking, functions }) =>
  [...types.find(owner, version)!.functions].map(([name, type]) => ({
    owner,
    name,
    type,
    functions,
    blocks: blocking.includes(name),
  })),
);

const below = seeded(seed);
const random = (): number => below(2 ** 32);
const pick = <T>(from: readonly T[]): T => from[random() % from.length]!;
const chance = (one: number): boolean => random() % one === 0;

const strings = [
  "",
  "/",
  "a",
  "x-a",
  "GET",
  "host",
  "8.8.8.8",
  "8.8.8.8:80",
  "content-length",
  "a b",
  "\ud800",
  "ä",
  "x".repeat(70_000),
];
const numbers = [0n, 1n, 3n, 100n, 200n, 4096n, 65_535n, 2n ** 32n, 2n ** 53n, 2n ** 64n - 1n];
const answers = [
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-t: 1\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello",
  "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
  "nonsense\r\n\r\n",
];

interface Held {
  readonly drop: string;
  readonly object: unknown;
}

/** A guest, and what it has. */
class Guest {
  readonly host: HttpHost;
  readonly upstreams: Conduit[] = [];
  readonly contents: Content[] = [];
  readonly client: HttpClient;
  readonly body: Flow = new Flow(1000);
  readonly #functions = new Map<unknown, Readonly<Record<string, (...args: never[]) => unknown>>>();
  #held: Held[] = [];

  constructor() {
    this.client = new HttpClient({
      dialler: {
        resolve: () => pick<readonly string[] | number>([["8.8.8.8"], -2, -44]) as never,
        connect: async (to) => {
          if (chance(4)) return pick([-2, -14, -73]);
          const [near, far] = conduitPair({ ip: "10.0.0.1", port: 1 }, to);
          this.upstreams.push(far);
          return near;
        },
      },
    });
    this.host = testHttpHost(new HttpContext(this.client, { fieldBytesMax: 300_000, callsMax: 3 }));
    const exchange: Exchange = {
      method: "POST",
      path: "/",
      scheme: "http",
      authority: "a",
      fields: [["x-a", "b"]],
      body: this.body,
      trailers: [["x-t", "1"]],
      answer: (_status, _fields, content) => content && this.contents.push(content),
      refuse() {},
      giveUp() {},
      inform: () => chance(2),
    };
    this.add("incoming-request", new IncomingRequest(this.host, exchange));
    this.add("response-outparam", new ResponseOutparam(this.host, exchange));
  }

  call({ functions, name }: (typeof targets)[number], args: readonly unknown[]): unknown {
    let bound = this.#functions.get(functions);
    if (bound === undefined) {
      bound = functions(this.host as never) as Readonly<Record<string, (...args: never[]) => unknown>>;
      this.#functions.set(functions, bound);
    }
    return (bound as Record<string, (...args: unknown[]) => unknown>)[name]!(...args);
  }

  add(resource: string, object: unknown): void {
    this.#held.push({ drop: `[resource-drop]${resource}`, object });
  }

  any(resource: string, take: boolean): unknown {
    const found = this.#held.filter(({ drop }) => drop === `[resource-drop]${resource}`);
    if (found.length === 0) throw none;
    const one = pick(found);
    if (take) this.#held = this.#held.filter((other) => other !== one);
    return one.object;
  }

  dropOne(): void {
    if (this.#held.length === 0) return;
    const [one] = this.#held.splice(random() % this.#held.length, 1);
    this.drop(one!);
  }

  drop({ drop, object }: Held): void {
    for (const { functions } of offers) {
      const call = (functions(this.host as never) as Record<string, (object: unknown) => void>)[drop];
      call?.(object);
    }
  }

  dropAll(): void {
    for (const one of this.#held.splice(0)) this.drop(one);
  }

  /** Something happens outside. */
  outside(): void {
    const event = random() % 10;
    const upstream = this.upstreams.length > 0 ? pick(this.upstreams) : undefined;
    const content = this.contents.length > 0 ? pick(this.contents) : undefined;
    if (event < 3) this.body.push(Buffer.alloc(pick([1, 100, 5000]), 1));
    else if (event === 3 && chance(5)) this.body.end();
    else if (event === 4 && chance(5)) this.body.fail(new WarrenError("connection.reset", "gone"));
    else if (event < 7) upstream?.output.push(Buffer.from(pick(answers)));
    else if (event === 7 && chance(3) && upstream !== undefined) resetConduit(upstream);
    else if (event === 8) {
      while (upstream?.input.shift() !== undefined);
      while (content?.flow.shift() !== undefined);
    } else if (event === 9 && chance(5)) content?.discard();
  }
}

const none = Symbol("no object of the type");

function value(type: ValueType, guest: Guest, owned: Held[]): unknown {
  switch (type.kind) {
    case "u8":
    case "u16":
    case "u32":
      return Number(BigInt.asUintN(Number(type.kind.slice(1)), pick(numbers)));
    case "u64":
      return pick(numbers);
    case "string":
      return pick(strings);
    case "list":
      if (type.element.kind === "u8") return Buffer.alloc(pick([0, 1, 10, 4096, 5000]), pick(["a", "5", "\n"]));
      return Array.from({ length: pick([0, 1, 2, 5]) }, () => value(type.element, guest, owned));
    case "record":
      return Object.fromEntries(
        type.fields.map(({ name, type: field }) => [camelCase(name), value(field, guest, owned)]),
      );
    case "tuple":
      return type.items.map((item) => value(item, guest, owned));
    case "variant": {
      const one = pick(type.cases);
      return { tag: one.name, val: one.type && value(one.type, guest, owned) };
    }
    case "option":
      return chance(2) ? undefined : value(type.some, guest, owned);
    case "result": {
      const tag = chance(3) ? "err" : "ok";
      const inner = tag === "ok" ? type.ok : type.error;
      return { tag, val: inner && value(inner, guest, owned) };
    }
    case "own":
    case "borrow": {
      assert(type.resource.origin === "host");
      const { name } = type.resource;
      const object = guest.any(name, type.kind === "own");
      if (type.kind === "own") owned.push({ drop: `[resource-drop]${name}`, object });
      return object;
    }
    default:
      throw new Error(`a function takes ${type.kind}`);
  }
}

/** Checks an answer against its type, and gives the guest what is in it. */
function take(type: ValueType | undefined, given: unknown, guest: Guest, what: string): void {
  const check = (holds: boolean) => assert.ok(holds, `${what} gave ${String(given)} for ${type?.kind}`);
  if (type === undefined) return;
  switch (type.kind) {
    case "bool":
      check(typeof given === "boolean");
      return;
    case "u16":
    case "u32":
      check(Number.isInteger(given) && Number(given) >= 0 && Number(given) < 2 ** Number(type.kind.slice(1)));
      return;
    case "u8":
      check(Number.isInteger(given) && Number(given) < 256);
      return;
    case "u64":
      check(typeof given === "bigint" && given >= 0n && given < 2n ** 64n);
      return;
    case "string":
      check(typeof given === "string");
      return;
    case "list":
      if (type.element.kind === "u8") {
        check(given instanceof Uint8Array);
        return;
      }
      check(Array.isArray(given));
      for (const one of given as unknown[]) take(type.element, one, guest, what);
      return;
    case "record":
      for (const { name, type: field } of type.fields)
        take(field, (given as Record<string, unknown>)[camelCase(name)], guest, what);
      return;
    case "tuple":
      check(Array.isArray(given) && given.length === type.items.length);
      for (const [index, item] of type.items.entries()) take(item, (given as unknown[])[index], guest, what);
      return;
    case "variant": {
      const { tag, val } = given as { tag: string; val: unknown };
      const one = type.cases.find(({ name }) => name === tag);
      check(one !== undefined);
      take(one!.type, val, guest, what);
      return;
    }
    case "option":
      if (given !== undefined) take(type.some, given, guest, what);
      return;
    case "result": {
      const { tag, val } = given as { tag: string; val: unknown };
      check(tag === "ok" || tag === "err");
      take(tag === "ok" ? type.ok : type.error, val, guest, what);
      return;
    }
    case "own":
      assert(type.resource.origin === "host");
      check(typeof given === "object" && given !== null);
      guest.add(type.resource.name, given);
      return;
    default:
      throw new Error(`a function gives ${type.kind}`);
  }
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function argumentsOf({ parameters }: FunctionType, guest: Guest, owned: Held[]): unknown[] | undefined {
  try {
    return parameters.map(({ type }) => value(type, guest, owned));
  } catch (error) {
    if (error !== none) throw error;
    // What the guest would have given is its own still.
    for (const { drop, object } of owned) guest.add(drop.slice("[resource-drop]".length), object);
    return undefined;
  }
}

/** What chance rarely leads to: a request that was sent, and answered in some way. */
async function beginWith(guest: Guest): Promise<void> {
  const { host } = guest;
  const request = new OutgoingRequest(host, Fields.empty(host.http));
  host.resources.add();
  request.setAuthority("8.8.8.8:80");
  request.setScheme(plain);
  if (chance(2)) {
    request.setMethod({ tag: "post", val: undefined });
    guest.add("outgoing-body", request.body().val);
  }
  const handle = targets.find(({ name }) => name === "handle")!;
  take(handle.type.result, guest.call(handle, [request, undefined]), guest, "handle");
  for (let i = 0; i < 3; i++) await turn();
  guest.upstreams[0]?.output.push(Buffer.from(pick(answers)));
  for (let i = 0; i < 3; i++) await turn();
}

test(`no call makes wasi:http fail, and nothing is left of a guest (seed ${seed}, ${rounds} guests)`, async () => {
  const called = new Set<string>();
  let whole = 0;
  for (let round = 0; round < rounds; round++) {
    const guest = new Guest();
    const { http, thread, resources } = guest.host;
    let trapped: boolean = false;
    if (chance(2)) await beginWith(guest);
    for (let count = 0; count < callsPerRound && !trapped; count++) {
      if (chance(3)) guest.outside();
      if (chance(10)) await turn();
      if (chance(12)) http.dropping = true;
      const target = pick(targets);
      if ((target.blocks || target.name === "poll") && !chance(10)) continue;
      const owned: Held[] = [];
      const args = argumentsOf(target.type, guest, owned);
      if (args === undefined) continue;
      called.add(target.name);
      try {
        let given = guest.call(target, args);
        if (given instanceof Promise) {
          assert.ok(target.blocks, `${target.name} is not declared as blocking`);
          const end = uncatchableError("over");
          for (let i = 0; i < 3 && thread.parked; i++) {
            guest.outside();
            await turn();
          }
          trapped = thread.parked;
          if (trapped) thread.end(end);
          given = await given.catch((error: unknown) => {
            assert.equal(error, end);
          });
          if (trapped) break;
        }
        take(target.type.result, given, guest, target.name);
      } catch (error) {
        if (!(error instanceof WebAssembly.RuntimeError)) throw new Error(`${target.name} threw`, { cause: error });
        trapped = true;
        http.dropping = true;
        // The glue has them on their way.
        for (const one of owned) guest.drop(one);
      }
      if (!trapped && chance(10)) {
        http.dropping = true;
        guest.dropOne();
      }
      http.dropping = trapped;
    }
    http.dropping = true;
    guest.dropAll();
    http.end();
    assert.equal(http.calls, 0);
    if (!trapped) {
      whole++;
      assert.deepEqual([resources.held, http.fieldBytes], [0, 0]);
    }
    // What was answered with is whole, or says that it is not.
    for (const { flow } of guest.contents) assert.ok(flow.closed);
    guest.client.close();
  }
  assert.ok(whole > 0);
  if (rounds >= 150)
    assert.deepEqual(
      targets
        .filter(({ owner, name, blocks }) => owner !== "wasi:io/streams" && !blocks && !called.has(name))
        .map(({ name }) => name),
      [],
    );
});
