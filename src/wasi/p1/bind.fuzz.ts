// Calls every function with random arguments: whatever a guest passes, it gets an errno, or ends by its own exit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { conduitPair } from "../../base/conduit.ts";
import { Flow } from "../../base/flow.ts";
import { testPeer } from "../../base/test-peer.ts";
import { seeded } from "../../base/testdata/random.ts";
import { errno } from "../errno.ts";
import { Connection } from "../sockets/connection.ts";
import { DatagramSocket } from "../sockets/datagram.ts";
import { Dialler } from "../sockets/dialler.ts";
import { ListenerSocket } from "../sockets/listener-socket.ts";
import { OutboundStub } from "../sockets/testdata/outbound-stub.ts";
import { UnconnectedSocket } from "../sockets/unconnected-socket.ts";
import { VirtualNetwork } from "../sockets/virtual-network.ts";
import { InputStream } from "../stdio.ts";
import { uncatchableError } from "../uncatchable.ts";
import { bindFunctions } from "./bind.ts";
import { everyFunction } from "./signatures.ts";
import { Exited, type TestHost, testHost } from "./testdata/test-host.ts";

const rounds = Number(process.env.WARREN_FUZZ_ROUNDS ?? 500);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);

const here = { ip: "127.0.0.1", port: 80 };
const there = { ip: "10.0.0.1", port: 4000 };

function populate(host: TestHost): void {
  const { table, network } = host;
  const listener = network.listen(here);
  assert(typeof listener !== "number");
  const socket = new ListenerSocket(listener, { handed: true });
  host.handed.add(socket);
  table.add(socket);
  listener.connect(there);
  const datagrams = new DatagramSocket(false, host.dialler);
  network.bind(datagrams, here);
  datagrams.deliver(Buffer.from("datagram"), testPeer(there));
  table.add(datagrams);
  table.add(new UnconnectedSocket());
  const [dialler, accepted] = conduitPair(there, here);
  dialler.output.push(Buffer.from("some bytes"));
  table.add(new Connection(accepted));
  table.add(new InputStream(new Flow(), true));
  table.add(new UnconnectedSocket("unix"));
  table.add(new Connection());
  const connecting = new Connection();
  connecting.connect(() => new Promise(() => {}));
  table.add(connecting);
}

/** A way out where connections stay under way, and everything else is answered. */
function outside(): OutboundStub {
  const outbound = new OutboundStub();
  outbound.resolve = async () => ["8.8.8.8", "2606:4700::1111"];
  return outbound;
}

function fuzzHost(): TestHost {
  const network = new VirtualNetwork();
  return testHost({ network, dialler: new Dialler(network, outside()) });
}

test(`no arguments make a function of preview 1 throw (seed ${seed}, ${rounds} calls each)`, async () => {
  const below = seeded(seed);
  const random = (): number => below(2 ** 32);
  const small = [0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 20, 24, 28, 32, 48, 64, 128, 256, 4096, 65535, 65536];
  const i32 = (): number => {
    const kind = random() % 8;
    if (kind < 4) return small[random() % small.length]!;
    if (kind < 6) return random() % 65536;
    return kind === 6 ? random() | 0 : [-1, 0x7fffffff, -0x80000000, 0xfffe][random() % 4]!;
  };
  const i64 = (): bigint => {
    const kind = random() % 4;
    if (kind < 2) return BigInt(i32());
    return BigInt.asIntN(64, (BigInt(random()) << 32n) | BigInt(random()));
  };
  let suspended = 0;
  const all = everyFunction();
  for (const [index, { name, params }] of all.entries()) {
    let host = fuzzHost();
    let bound = bindFunctions(host, all);
    for (let round = 0; round < rounds; round++) {
      if (round % 50 === 0) {
        host = fuzzHost();
        populate(host);
        bound = bindFunctions(host, all);
        const bytes = host.memory.u8();
        for (let at = 0; at < bytes.length; at += 4) host.memory.setU32(at, i32());
      }
      const args = Array.from(params, (letter) => (letter === "I" ? i64() : i32()));
      const what = `${name}(${args.join(", ")})`;
      try {
        const result = bound[index]!.call(...args);
        if (typeof result === "number") {
          assert.ok(Number.isInteger(result) && result >= 0 && result <= errno.NOTCAPABLE, `${what} gave ${result}`);
          continue;
        }
        suspended++;
        assert.ok(bound[index]!.suspends, `${what} suspended`);
        const end = uncatchableError("over");
        host.thread.end(end);
        // It may have been about to resume.
        const value = await result.catch((error: unknown) => error);
        assert.ok(value === end || typeof value === "number", `${what} was rejected with ${String(value)}`);
        round += 49 - (round % 50);
      } catch (error) {
        if (error instanceof Exited && name.startsWith("proc_")) continue;
        throw new Error(`${what} threw`, { cause: error });
      }
    }
  }
  assert.ok(suspended > 0);
});
