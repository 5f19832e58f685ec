// Changes hellos at random and checks that the reader neither fails in another way than it says nor reads what a client of
// the same bytes would not have said. Seeded.
import assert from "node:assert/strict";
import { test } from "node:test";
import { WarrenError } from "../../base/errors.ts";
import { readClientHello } from "./client-hello.ts";
import { clientHello, inRecords, serverNames, writeHello } from "./test-hello.ts";

const rounds = Number(process.env.WARREN_FUZZ_ROUNDS ?? 5000);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);

test(`readClientHello() reads or refuses anything (seed ${seed})`, async () => {
  const random = mulberry(seed);
  const below = (count: number) => Math.floor(random() * count);
  const samples = [
    await clientHello({ servername: "a.test", ALPNProtocols: ["h2", "http/1.1"] }),
    await clientHello({ servername: "b.example.com", maxVersion: "TLSv1.2" }),
    writeHello({ extensions: [[0, serverNames("c.test")]] }),
  ];
  let read = 0;
  for (let round = 0; round < rounds; round++) {
    const sample = samples[below(samples.length)]!;
    const bytes = Buffer.from(below(2) === 0 ? sample : inRecords(sample, 1 + below(600)));
    for (let changes = below(4); changes > 0; changes--) bytes[below(bytes.length)] = below(256);
    const cut = bytes.subarray(0, below(8) === 0 ? below(bytes.length) : bytes.length);
    try {
      const hello = readClientHello(cut);
      if (hello === undefined) continue;
      read++;
      assert.match(hello.host, /^[a-z0-9_.-]{0,253}$/);
      // What comes after the hello changes nothing: less of it is the same hello, or waited for.
      const less = readClientHello(cut.subarray(0, below(cut.length)));
      if (less !== undefined) assert.deepEqual(less, hello);
    } catch (error) {
      if (!(error instanceof WarrenError)) throw error;
    }
  }
  assert.ok(read > 10, `${read} were read`);
});

function mulberry(state: number): () => number {
  let at = state;
  return () => {
    at = (at + 0x6d2b79f5) | 0;
    let t = Math.imul(at ^ (at >>> 15), 1 | at);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
