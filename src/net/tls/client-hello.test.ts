import assert from "node:assert/strict";
import { test } from "node:test";
import { helloBytesMax, readClientHello } from "./client-hello.ts";
import { clientHello, inRecords, serverNames, short, writeHello } from "./test-hello.ts";

test("readClientHello() reads what Node's client sends, cut at every byte", async () => {
  const bytes = await clientHello({ servername: "Shop.Example.com", ALPNProtocols: ["h2", "http/1.1"] });
  const expected = { host: "shop.example.com", protocols: ["h2", "http/1.1"] };
  for (let length = 0; length < bytes.length; length++)
    assert.equal(readClientHello(bytes.subarray(0, length)), undefined);
  assert.deepEqual(readClientHello(bytes), expected);
});

test("readClientHello() joins records of any size", async () => {
  const bytes = await clientHello({ servername: "a.test" });
  for (const size of [1, 2, 3, 5, 100, 1000]) {
    const cut = inRecords(bytes, size);
    if (cut.length > helloBytesMax) continue;
    assert.deepEqual(readClientHello(cut), { host: "a.test", protocols: [] });
    for (let length = 0; length < cut.length; length++)
      assert.equal(readClientHello(cut.subarray(0, length)), undefined);
  }
});

test("readClientHello() reads a hello without extensions, and one without a name", async () => {
  assert.deepEqual(readClientHello(writeHello({})), { host: "", protocols: [] });
  assert.deepEqual(readClientHello(await clientHello({ host: "192.0.2.1" })), { host: "", protocols: [] });
});

test("readClientHello() takes a name's last dot off", () => {
  const bytes = writeHello({ extensions: [[0, serverNames("a.test.")]] });
  assert.equal(readClientHello(bytes)?.host, "a.test");
});

const name = serverNames("a.test");
const refused: readonly (readonly [what: string, bytes: Buffer])[] = [
  ["a request of HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ["one byte of something else", Buffer.of(0x80)],
  ["SSL 2", Buffer.of(0x80, 0x2e, 1, 0, 2)],
  ["another major version", Buffer.of(22, 2, 0)],
  ["an alert first", Buffer.of(21, 3, 1, 0, 2, 1, 0)],
  ["an empty record", Buffer.of(22, 3, 1, 0, 0)],
  ["a record of 16 KiB and a byte", Buffer.of(22, 3, 1, 0x40, 1)],
  ["a hello of the server", Buffer.of(22, 3, 1, 0, 4, 2, 0, 0, 0)],
  ["a message of 64 KiB", Buffer.of(22, 3, 1, 0, 4, 1, 1, 0, 0)],
  ["a session id of 33 bytes", writeHello({ session: 33 })],
  ["no ciphers", writeHello({ suites: Buffer.of(0, 0) })],
  ["half a cipher", writeHello({ suites: Buffer.of(0, 3, 1, 2, 3) })],
  ["bytes behind the extensions", writeHello({ extensions: [], behind: Buffer.of(0) })],
  ["a name twice", writeHello({ extensions: [[0, serverNames("a.test", "b.test")]] })],
  [
    "two extensions of names",
    writeHello({
      extensions: [
        [0, name],
        [0, name],
      ],
    }),
  ],
  ["no name in the extension", writeHello({ extensions: [[0, short(0)]] })],
  ["an empty name", writeHello({ extensions: [[0, serverNames("")]] })],
  ["a name with a NUL", writeHello({ extensions: [[0, serverNames("a.test\0.b.test")]] })],
  ["a name with a line break", writeHello({ extensions: [[0, serverNames("a\n.test")]] })],
  ["a name with a slash", writeHello({ extensions: [[0, serverNames("a/b")]] })],
  ["a name with a port", writeHello({ extensions: [[0, serverNames("a.test:443")]] })],
  ["an IPv6 address", writeHello({ extensions: [[0, serverNames("::1")]] })],
  ["a wildcard", writeHello({ extensions: [[0, serverNames("*.test")]] })],
  ["a name with an empty label", writeHello({ extensions: [[0, serverNames("a..test")]] })],
  ["a name of 300 bytes", writeHello({ extensions: [[0, serverNames("a.".repeat(150))]] })],
  [
    "a list of names that is longer than it says",
    writeHello({ extensions: [[0, Buffer.concat([name, Buffer.of(0)])]] }),
  ],
  ["a list of names that is shorter than it says", writeHello({ extensions: [[0, name.subarray(0, -1)]] })],
  ["an empty protocol", writeHello({ extensions: [[16, Buffer.of(0, 2, 0, 0)]] })],
  ["an empty list of protocols", writeHello({ extensions: [[16, Buffer.of(0, 0)]] })],
  ["an extension that ends early", writeHello({ behind: Buffer.of(0, 4, 0, 0, 0, 1) })],
  ["a second message in the same record", joined(writeHello({}), Buffer.of(1, 0, 0, 0))],
];

for (const [what, bytes] of refused)
  test(`readClientHello() refuses ${what}`, () => assert.throws(() => readClientHello(bytes), { code: "tls.hello" }));

test("readClientHello() refuses a hello that never ends", () => {
  const bytes = inRecords(Buffer.concat([Buffer.alloc(5), Buffer.of(1, 0, 0x3f, 0), Buffer.alloc(12_000)]), 1);
  assert.throws(() => readClientHello(bytes.subarray(0, helloBytesMax)), { code: "tls.hello" });
});

/** A record with something behind its message. */
function joined(hello: Buffer, more: Buffer): Buffer {
  const record = Buffer.concat([hello, more]);
  record.writeUInt16BE(record.length - 5, 3);
  return record;
}
