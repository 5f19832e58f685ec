import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address } from "../../base/address.ts";
import { testPeer } from "../../base/test-peer.ts";
import { errno } from "../errno.ts";
import { DatagramSocket } from "../sockets/datagram.ts";
import { ListenerSocket } from "../sockets/listener-socket.ts";
import { bindFunctions } from "./bind.ts";
import type { HostFunction } from "./host.ts";
import { everyFunction } from "./signatures.ts";
import { type TestHost, testHost } from "./testdata/test-host.ts";

const fdAt = 16;
const iovs = 64;
const addressAt = 96;
const outAt = 128;
const bytesAt = 512;
const peer = { ip: "192.0.2.7", port: 4000 };

/** By name and number of parameters, which tells the dialect's versions apart. */
function functions(host: TestHost): (name: string, arity: number) => HostFunction {
  const all = everyFunction();
  const bound = bindFunctions(host, all);
  return (name, arity) => bound[all.findIndex((one) => one.name === name && one.params.length === arity)]!.call;
}

function address({ memory }: TestHost, bytes: readonly number[], length: number): number {
  memory.setU32(addressAt, bytesAt);
  memory.setU32(addressAt + 4, length);
  memory.bytes(bytesAt, 128).fill(0);
  memory.bytes(bytesAt, bytes.length).set(bytes);
  return addressAt;
}

function open(host: TestHost, type: number): number {
  assert.equal(functions(host)("sock_open", 3)(1, type, fdAt), 0);
  return host.memory.getU32(fdAt);
}

test("a guest opens, binds and listens; a port is open once", () => {
  const host = testHost();
  const f = functions(host);
  const any = address(host, [0, 0, 0, 0], 4);
  const fd = open(host, 2);
  assert.equal(f("sock_listen", 2)(fd, 128), errno.DESTADDRREQ);
  assert.equal(f("sock_bind", 3)(fd, any, 8080), 0);
  assert.equal(f("sock_bind", 3)(fd, any, 8081), errno.INVAL);
  assert.equal(Math.abs(Number(f("sock_listen", 2)(fd, 128))), 0);
  assert.ok(host.network.listener(8080)?.listening);
  const other = open(host, 2);
  assert.equal(f("sock_bind", 3)(other, any, 8080), 0);
  assert.equal(f("sock_listen", 2)(other, 128), errno.ADDRINUSE);
  host.network.listener(8080)?.connect(peer);
  assert.equal(f("sock_accept", 2)(fd, fdAt), 0);
  const accepted = host.memory.getU32(fdAt);

  // V1 tells the family apart, V2 puts it into its 128 bytes.
  assert.equal(f("sock_getpeeraddr", 4)(accepted, address(host, [], 4), outAt, outAt + 4), 0);
  assert.deepEqual([...host.memory.bytes(bytesAt, 4)], [192, 0, 2, 7]);
  assert.deepEqual([host.memory.getU32(outAt), host.memory.getU32(outAt + 4)], [4, 4000]);
  assert.equal(f("sock_getlocaladdr", 3)(accepted, address(host, [], 128), outAt), 0);
  assert.deepEqual([...host.memory.bytes(bytesAt, 6)], [1, 0, 0, 0, 0, 0]);
  assert.equal(host.memory.getU32(outAt), 8080);
  assert.equal(f("sock_getpeeraddr", 3)(fd, address(host, [], 128), outAt), errno.NOTCONN);
});

test("a guest that opens a port which it was handed gets the handed one, with what waits there", () => {
  const host = testHost();
  const f = functions(host);
  const listener = host.network.listen({ ip: "127.0.0.1", port: 8080 });
  assert.ok(typeof listener !== "number");
  const handed = new ListenerSocket(listener, { handed: true });
  host.handed.add(handed);
  const handedFd = host.table.add(handed);
  listener.connect(peer);
  const fd = open(host, 2);
  assert.equal(f("sock_bind", 3)(fd, address(host, [0, 0, 0, 0], 4), 8080), 0);
  assert.equal(f("sock_listen", 2)(fd, 128), 0);
  assert.equal(host.table.get(fd), handed);
  assert.equal(handed.flags, 0);
  assert.equal(f("sock_accept", 3)(fd, 0, fdAt), 0);
  assert.equal(f("sock_accept", 3)(handedFd, 0, fdAt), errno.INVAL);
});

for (const version of [1, 2] as const) {
  test(`datagrams are received and answered, version ${version}`, () => {
    const host = testHost();
    const f = functions(host);
    const fd = open(host, 1);
    assert.equal(Math.abs(Number(f("sock_bind", 3)(fd, address(host, [0, 0, 0, 0], 4), 53))), 0);
    const socket = host.network.datagram(53);
    assert.ok(socket instanceof DatagramSocket);
    const sent: [string, Address][] = [];
    socket.deliver(
      Buffer.from("hello"),
      testPeer(peer, (answer) => sent.push([answer, peer])),
    );
    host.memory.setU32(iovs, 2048);
    host.memory.setU32(iovs + 4, 4);
    const target = address(host, [], 128);
    const result =
      version === 1
        ? f("sock_recv_from", 7)(fd, iovs, 1, target, 0, outAt, outAt + 4)
        : f("sock_recv_from", 8)(fd, iovs, 1, target, 0, outAt + 8, outAt, outAt + 4);
    assert.equal(result, 0);
    assert.deepEqual([host.memory.getU32(outAt), host.memory.getU32(outAt + 4)], [4, 1]);
    assert.equal(Buffer.from(host.memory.bytes(2048, 4)).toString(), "hell");
    assert.deepEqual([...host.memory.bytes(bytesAt, 6)], [1, 0, 192, 0, 2, 7]);
    if (version === 2) assert.equal(host.memory.getU32(outAt + 8), 4000);
    assert.equal(f("sock_send_to", 7)(fd, iovs, 1, target, 4000, 0, outAt), 0);
    assert.equal(f("sock_send_to", 7)(fd, iovs, 1, target, 4001, 0, outAt), errno.ACCES);
    assert.deepEqual(sent, [["hell", peer]]);
  });
}

test("nothing outside can be reached", () => {
  const host = testHost();
  const f = functions(host);
  assert.equal(f("sock_connect", 3)(open(host, 2), address(host, [127, 0, 0, 1], 4), 80), errno.ACCES);
  assert.equal(f("sock_connect", 3)(1, address(host, [127, 0, 0, 1], 4), 80), errno.NOTSOCK);
  assert.equal(f("sock_connect", 3)(open(host, 2), address(host, [1, 2], 5), 80), errno.INVAL);
});

const outside: readonly (readonly [what: string, ip: readonly number[]])[] = [
  ["loopback", [127, 0, 0, 1]],
  ["the host itself as 0.0.0.0", [0, 0, 0, 0]],
  ["a cloud's metadata service", [169, 254, 169, 254]],
  ["a private network of class A", [10, 0, 0, 1]],
  ["a private network of class B", [172, 16, 0, 1]],
  ["a private network of class C", [192, 168, 0, 1]],
  ["a public address", [192, 0, 2, 7]],
  ["IPv6 loopback", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
  ["a unique local address", [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
  ["a link-local address", [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
  ["loopback as an IPv6 address", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1]],
];

for (const [what, ip] of outside) {
  test(`no guest connects or sends to ${what}`, () => {
    const host = testHost();
    const f = functions(host);
    const target = address(host, ip, ip.length);
    for (const port of [22, 80, 7373]) {
      assert.equal(f("sock_connect", 3)(open(host, 2), target, port), errno.ACCES);
      const socket = open(host, 1);
      assert.notEqual(f("sock_connect", 3)(socket, target, port), 0);
      assert.equal(Math.abs(Number(f("sock_bind", 3)(socket, address(host, [0, 0, 0, 0], 4), 5000 + port))), 0);
      host.memory.setU32(iovs, 2048);
      host.memory.setU32(iovs + 4, 4);
      const to = address(host, ip, ip.length);
      assert.equal(f("sock_send_to", 7)(socket, iovs, 1, to, port, 0, outAt), errno.ACCES);
    }
  });
}

test("sock_getsockopt takes the length by address or, as 4, by value", () => {
  const host = testHost();
  const f = functions(host);
  const fd = open(host, 1);
  assert.equal(f("sock_getsockopt", 5)(fd, 0, 1, outAt, 4), 0);
  assert.equal(host.memory.getU32(outAt), 1);
  host.memory.setU32(outAt + 4, 4);
  host.memory.setU32(outAt, 99);
  assert.equal(f("sock_getsockopt", 5)(fd, 0, 2, outAt, outAt + 4), 0);
  assert.equal(host.memory.getU32(outAt), 0);
  assert.equal(f("sock_getsockopt", 5)(fd, 0, 77, outAt, 4), errno.NOPROTOOPT);
  assert.equal(f("sock_setsockopt", 5)(fd, 0, 0, outAt, 4), 0);
  assert.equal(f("sock_setsockopt", 5)(fd, 0, 2, outAt, 4), errno.NOPROTOOPT);
});

test("sock_getaddrinfo knows localhost and numbers, and fills in the guest's list", () => {
  const host = testHost();
  const { memory } = host;
  const f = functions(host);
  const hints = 1024;
  const entries = [1100, 1200];
  const look = (name: string, service: string, family: number): number => {
    memory.bytes(2048, 64).fill(0);
    memory.bytes(2048, name.length).set(Buffer.from(name));
    memory.bytes(2112, service.length).set(Buffer.from(service));
    memory.bytes(hints, 28).fill(0);
    memory.setU8(hints + 2, family);
    memory.setU8(hints + 3, 2);
    for (const [i, entry] of entries.entries()) {
      memory.setU32(entry + 12, entry + 32);
      memory.setU32(entry + 32 + 8, entry + 48);
      memory.setU32(entry + 24, entries[i + 1] ?? 0);
    }
    memory.setU32(outAt, entries[0]!);
    return Number(f("sock_getaddrinfo", 8)(2048, name.length + 1, 2112, service.length, hints, outAt, 2, outAt + 4));
  };
  assert.equal(look("localhost", "80", 0), 0);
  assert.equal(memory.getU32(outAt + 4), 2);
  assert.deepEqual([...memory.bytes(1148, 6)], [0, 80, 127, 0, 0, 1]);
  assert.deepEqual([...memory.bytes(1248, 18)], [0, 80, ...new Array(15).fill(0), 1]);
  assert.equal(look("192.0.2.9", "", 1), 0);
  assert.equal(memory.getU32(outAt + 4), 1);
  assert.deepEqual([...memory.bytes(1148, 6)], [0, 0, 192, 0, 2, 9]);
  assert.equal(look("192.0.2.9", "", 2), errno.NOENT);
  assert.equal(look("localhost", "http", 1), 0);
  assert.deepEqual([...memory.bytes(1148, 2)], [0, 80]);
  assert.equal(look("localhost", "no-such-service", 0), errno.INVAL);
  assert.equal(look("example.com", "80", 0), errno.ACCES);
});

test("a guest listens on a unix socket and connects to it, and both ends know the names", () => {
  const host = testHost();
  const f = functions(host);
  const unix = (path: string) => address(host, [3, 0, ...Buffer.from(path)], 128);
  const openUnix = () => {
    assert.equal(f("sock_open", 3)(3, 2, fdAt), 0);
    return host.memory.getU32(fdAt);
  };
  const nameOf = (call: string, fd: number) => {
    assert.equal(f(call, 3)(fd, address(host, [], 128), outAt), 0);
    const bytes = Buffer.from(host.memory.bytes(bytesAt, 128));
    assert.equal(bytes[0], 3);
    return bytes.subarray(2, bytes.indexOf(0, 2)).toString();
  };
  const listening = openUnix();
  assert.equal(f("sock_bind", 3)(listening, unix(""), 0), errno.INVAL);
  assert.equal(f("sock_bind", 3)(listening, unix("/tmp/s"), 0), 0);
  assert.equal(f("sock_bind", 3)(listening, unix("/tmp/t"), 0), errno.INVAL);
  assert.equal(Math.abs(Number(f("sock_listen", 2)(listening, 128))), 0);
  assert.equal(nameOf("sock_getlocaladdr", listening), "/tmp/s");
  const other = openUnix();
  assert.equal(f("sock_bind", 3)(other, unix("/tmp/s"), 0), errno.ADDRINUSE);

  assert.equal(f("sock_bind", 3)(other, unix("/tmp/me"), 0), 0);
  assert.equal(Math.abs(Number(f("sock_connect", 3)(other, unix("/tmp/s"), 0))), 0);
  assert.equal(f("sock_accept", 3)(listening, 0, fdAt), 0);
  const accepted = host.memory.getU32(fdAt);
  assert.equal(nameOf("sock_getpeeraddr", other), "/tmp/s");
  assert.equal(nameOf("sock_getlocaladdr", other), "/tmp/me");
  assert.equal(nameOf("sock_getpeeraddr", accepted), "/tmp/me");
  assert.equal(nameOf("sock_getlocaladdr", accepted), "/tmp/s");

  host.table.close(listening);
  const late = openUnix();
  assert.equal(f("sock_bind", 3)(late, unix("/tmp/s"), 0), 0);
});
