// Calls every function with random arguments of the types that its declaration has, on objects that earlier calls gave, also dropped ones:
// whatever a guest does, it gets what the declaration says, or it ends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { conduitPair } from "../../base/conduit.ts";
import { Flow } from "../../base/flow.ts";
import { testPeer } from "../../base/test-peer.ts";
import { seeded } from "../../base/testdata/random.ts";
import { hostTypes } from "../../component/host-types.ts";
import type { FunctionType, ValueType } from "../../component/types.ts";
import { DescriptorTable } from "../descriptor-table.ts";
import { openMounts } from "../files/mount.ts";
import { MemoryKeyValueStore } from "../keyvalue/memory-key-value-store.ts";
import { Dialler } from "../sockets/dialler.ts";
import { ListenerSocket } from "../sockets/listener-socket.ts";
import { OutboundStub } from "../sockets/testdata/outbound-stub.ts";
import { VirtualNetwork } from "../sockets/virtual-network.ts";
import { InputStream } from "../stdio.ts";
import { uncatchableError } from "../uncatchable.ts";
import { interfaces } from "./bind.ts";
import { IoError } from "./io-error.ts";
import { Exited, type TestHost, testHost } from "./testdata/test-host.ts";

const rounds = Number(process.env.WARREN_FUZZ_ROUNDS ?? 150);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);
const callsPerRound = 600;

interface Target {
  readonly interface: string;
  readonly name: string;
  readonly type: FunctionType;
  readonly blocks: boolean;
}

const offered = hostTypes(interfaces);
const targets: readonly Target[] = interfaces.flatMap(({ name: owner, version, blocking }) =>
  [...offered.find(owner, version)!.functions].map(([name, type]) => ({
    interface: owner.slice("wasi:".length),
    name,
    type,
    blocks: blocking.includes(name),
  })),
);

const below = seeded(seed);
const random = (): number => below(2 ** 32);
const pick = <T>(from: readonly T[]): T => from[random() % from.length]!;
const strings = [
  "",
  ".",
  "..",
  "a",
  "b",
  "a/b",
  "/",
  "/tmp",
  "a\0b",
  "link",
  "\ud800",
  "x".repeat(5000),
  "localhost",
  "8.8.8.8",
  "ä.de",
];
const numbers = [0n, 1n, 2n, 7n, 80n, 255n, 4096n, 65_535n, 2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

/** The objects of a guest, by interface and name of their resource. Some are dropped: the canonical ABI would not let them through, but a
 * guest may hold what hangs on them. */
class Objects {
  readonly #live = new Map<string, unknown[]>();

  add(key: string, object: unknown): void {
    this.#live.set(key, [...(this.#live.get(key) ?? []), object]);
  }

  any(key: string): unknown {
    return pick(this.#live.get(key) ?? [undefined]);
  }

  take(key: string): unknown {
    const all = this.#live.get(key) ?? [];
    return all.splice(random() % Math.max(1, all.length), 1)[0];
  }

  *all(): Iterable<[key: string, object: unknown]> {
    for (const [key, objects] of this.#live) for (const object of objects) yield [key, object];
  }
}

const none = Symbol("no object of the type");

function resourceKey(type: ValueType): string {
  assert((type.kind === "own" || type.kind === "borrow") && type.resource.origin === "host");
  return `${type.resource.interface}|${type.resource.name}`;
}

/** A value of a type; throws `none` when the guest has no object that it needs. */
function value(type: ValueType, objects: Objects): unknown {
  switch (type.kind) {
    case "bool":
      return random() % 2 === 0;
    case "u8":
    case "u16":
    case "u32": {
      const bits = Number(type.kind.slice(1));
      return Number(BigInt.asUintN(bits, pick(numbers)));
    }
    case "u64":
      return random() % 3 === 0 ? BigInt(random()) : pick(numbers);
    case "string":
      return pick(strings);
    case "list":
      if (type.element.kind === "u8") return Buffer.alloc(pick([0, 1, 10, 4096, 4097, 70_000]), 1);
      return Array.from({ length: pick([0, 1, 2, 5, 20]) }, () => value(type.element, objects));
    case "record":
      return Object.fromEntries(type.fields.map(({ name, type: field }) => [camelCase(name), value(field, objects)]));
    case "tuple":
      return type.items.map((item) => value(item, objects));
    case "variant": {
      const one = pick(type.cases);
      return { tag: one.name, val: one.type && value(one.type, objects) };
    }
    case "enum":
      return pick(type.names);
    case "flags":
      return random() % 2 ** type.names.length;
    case "option":
      return random() % 2 === 0 ? undefined : value(type.some, objects);
    case "result":
      return pick([
        { tag: "ok", val: undefined },
        { tag: "err", val: undefined },
      ]);
    case "own":
    case "borrow": {
      const object = type.kind === "own" ? objects.take(resourceKey(type)) : objects.any(resourceKey(type));
      if (object === undefined) throw none;
      return object;
    }
    default:
      throw new Error(`a function of the hosts takes ${type.kind}`);
  }
}

/** Checks an answer against its type, and keeps the objects that the guest got. */
function take(type: ValueType | undefined, given: unknown, objects: Objects, what: string): void {
  const check = (holds: boolean) => assert.ok(holds, `${what} gave ${String(given)} for ${type?.kind}`);
  if (type === undefined) return;
  switch (type.kind) {
    case "bool":
      check(typeof given === "boolean");
      return;
    case "u8":
    case "u16":
    case "u32":
      check(Number.isInteger(given) && Number(given) >= 0 && Number(given) < 2 ** Number(type.kind.slice(1)));
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
      for (const one of given as unknown[]) take(type.element, one, objects, what);
      return;
    case "record":
      for (const { name, type: field } of type.fields) {
        take(field, (given as Record<string, unknown>)[camelCase(name)], objects, what);
      }
      return;
    case "tuple":
      check(Array.isArray(given) && given.length === type.items.length);
      for (const [index, item] of type.items.entries()) take(item, (given as unknown[])[index], objects, what);
      return;
    case "variant": {
      const { tag, val } = given as { tag: string; val: unknown };
      const one = type.cases.find(({ name }) => name === tag);
      check(one !== undefined);
      take(one!.type, val, objects, what);
      return;
    }
    case "enum":
      check(type.names.includes(given as string));
      return;
    case "flags":
      check(Number.isInteger(given));
      return;
    case "option":
      if (given !== undefined) take(type.some, given, objects, what);
      return;
    case "result": {
      const { tag, val } = given as { tag: string; val: unknown };
      check(tag === "ok" || tag === "err");
      take(tag === "ok" ? type.ok : type.error, val, objects, what);
      return;
    }
    case "own":
      check(typeof given === "object" && given !== null);
      objects.add(resourceKey(type), given);
      return;
    default:
      throw new Error(`a function of the hosts gives ${type.kind}`);
  }
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** A host with something of everything. */
function populated(): TestHost {
  const network = new VirtualNetwork();
  const outbound = new OutboundStub();
  const connect = outbound.connect.bind(outbound);
  outbound.connect = (to, signal) =>
    random() % 2 === 0 ? Promise.resolve(conduitPair({ ip: "192.0.2.1", port: 1 }, to)[0]) : connect(to, signal);
  outbound.resolve = async () => pick<readonly string[] | number>([["8.8.8.8"], -28]);
  const table = new DescriptorTable({ descriptorsMax: 40 });
  const stdin = new Flow();
  stdin.push(Buffer.alloc(10_000));
  const [directory] = openMounts([{ target: "/", tmpBytesMax: 100_000 }]);
  const handed = new ListenerSocket(network.listen({ ip: "127.0.0.1", port: 80 }) as never, { handed: true });
  const host = testHost({
    table,
    network,
    dialler: new Dialler(network, outbound),
    stdin: new InputStream(stdin, true),
    directories: [directory!],
    handed: new Set([handed]),
    keyValue: new MemoryKeyValueStore(undefined, { bytesMax: 100_000 }),
    resourcesMax: 100,
  });
  table.add(handed);
  const make = (path: string, flags: number) => {
    const opened = directory!.open(path, {
      follow: true,
      create: true,
      exclusive: false,
      truncate: false,
      directory: false,
      rights: flags,
      flags: 0,
    });
    if (typeof opened !== "number") opened.close();
  };
  make("a", 64);
  directory!.makeSymbolicLink("a", "link");
  return host;
}

test(`no call makes a host of WASI 0.2 fail (seed ${seed}, ${rounds} guests)`, async () => {
  let waited = 0;
  const called = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    const host = populated();
    const objects = new Objects();
    const { network } = host;
    beginWith(host, objects);
    for (let count = 0; count < callsPerRound; count++) {
      const target = pick(targets);
      // So that guests live for a while.
      if ((target.blocks || target.interface === "cli/exit") && random() % 10 !== 0) continue;
      const what = `wasi:${target.interface} ${target.name}`;
      let args: unknown[];
      try {
        args = target.type.parameters.map(({ type }) => value(type, objects));
      } catch (error) {
        if (error === none) continue;
        throw error;
      }
      try {
        called.add(what);
        let given = host.call(target.interface, target.name, ...args);
        if (given instanceof Promise) {
          waited++;
          assert.ok(target.blocks, `${what} is not declared as blocking`);
          const end = uncatchableError("over");
          // What another thread or the event loop has for it comes first.
          for (let i = 0; i < 3 && host.thread.parked; i++) await turn();
          host.thread.end(end);
          given = await given.catch((error: unknown) => {
            assert.equal(error, end, what);
            return end;
          });
          break;
        }
        take(target.type.result, given, objects, what);
      } catch (error) {
        if (error instanceof Exited) break;
        // Another guest would be over: this one sees that nothing is half done.
        if (error instanceof WebAssembly.RuntimeError) continue;
        throw new Error(`${what} threw`, { cause: error });
      }
      if (random() % 20 === 0)
        for (const listener of network.listeners) void listener.connect({ ip: "10.0.0.1", port: 1 });
      if (random() % 20 === 0) {
        for (const socket of network.datagrams)
          socket.deliver(Buffer.alloc(100), testPeer({ ip: "10.0.0.1", port: 2 }));
      }
      if (random() % 8 === 0) dropOne(host, objects);
    }
    for (const [key, object] of objects.all()) drop(host, key, object);
    const kept = [...host.table.entries()].length;
    assert.ok(kept <= 5, `${kept} descriptors are left`);
    assert.equal(host.resources.held, 0);
    host.table.closeAll();
    host.dialler.close();
  }
  assert.ok(waited > 0);
  // Every function was reached in a run of the usual length.
  if (rounds >= 150)
    assert.deepEqual(
      targets.map((one) => `wasi:${one.interface} ${one.name}`).filter((one) => !called.has(one)),
      [],
    );
});

/** What chance rarely leads to. */
function beginWith(host: TestHost, objects: Objects): void {
  objects.add("wasi:io/error|error", new IoError("broken", { domain: "sockets", code: "connection-reset" }));
  objects.add("wasi:keyvalue/store|bucket", host.call("keyvalue/store", "open", "").val);
  const socket = host.call("sockets/udp-create-socket", "create-udp-socket", "ipv4").val;
  const network = host.call("sockets/instance-network", "instance-network");
  const address = { tag: "ipv4", val: { port: 53, address: [0, 0, 0, 0] } };
  host.call("sockets/udp", "[method]udp-socket.start-bind", socket, network, address);
  host.call("sockets/udp", "[method]udp-socket.finish-bind", socket);
  const [incoming, outgoing] = host.call("sockets/udp", "[method]udp-socket.stream", socket, undefined).val;
  objects.add("wasi:sockets/network|network", network);
  objects.add("wasi:sockets/udp|udp-socket", socket);
  objects.add("wasi:sockets/udp|incoming-datagram-stream", incoming);
  objects.add("wasi:sockets/udp|outgoing-datagram-stream", outgoing);
}

function dropOne(host: TestHost, objects: Objects): void {
  const keys = [...new Set([...objects.all()].map(([key]) => key))];
  if (keys.length === 0) return;
  const key = pick(keys);
  drop(host, key, objects.take(key));
}

function drop(host: TestHost, key: string, object: unknown): void {
  const [owner = "", name = ""] = key.split("|");
  host.call(owner.slice("wasi:".length), `[resource-drop]${name}`, object);
}
