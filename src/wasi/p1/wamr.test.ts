import assert from "node:assert/strict";
import { test } from "node:test";
import { errno } from "../errno.ts";
import { Connection } from "../sockets/connection.ts";
import { Dialler } from "../sockets/dialler.ts";
import { OutboundStub } from "../sockets/testdata/outbound-stub.ts";
import { VirtualNetwork } from "../sockets/virtual-network.ts";
import { bindFunctions } from "./bind.ts";
import type { HostFunction } from "./host.ts";
import { everyFunction } from "./signatures.ts";
import { type TestHost, testHost } from "./testdata/test-host.ts";
import { wamrOptionTypes } from "./wamr-option-types.ts";

const fdAt = 8;
const nameAt = 64;
const outAt = 512;

/** The functions by name and number of parameters, as a module's imports would choose them. */
function functions(host: TestHost): (name: string, params: string) => HostFunction {
  const all = everyFunction();
  const bound = bindFunctions(host, all);
  return (name, params) => bound[all.findIndex((one) => one.name === name && one.params === params)]!.call;
}

function open(host: TestHost, family: number, type: number): number {
  assert.equal(functions(host)("sock_open", "iiii")(-1, family, type, fdAt), 0);
  return host.memory.getU32(fdAt);
}

/** A `__wasi_addr_t`. */
function name(host: TestHost, groups: readonly number[], port: number): number {
  const { memory } = host;
  const six = groups.length === 8;
  memory.setU32(nameAt, six ? 1 : 0);
  for (const [i, group] of groups.entries()) {
    if (six) memory.setU16(nameAt + 4 + 2 * i, group);
    else memory.setU8(nameAt + 4 + i, group);
  }
  memory.setU16(nameAt + 4 + (six ? 16 : 4), port);
  return nameAt;
}

test("bind, listen, and addresses of both families, in host order", () => {
  const host = testHost();
  const f = functions(host);
  const fd = open(host, 0, 1);
  assert.equal(f("sock_bind", "ii")(fd, name(host, [127, 0, 0, 1], 8080)), 0);
  assert.equal(f("sock_listen", "ii")(fd, 8), 0);
  assert.equal(f("sock_addr_local", "ii")(fd, outAt), 0);
  assert.deepEqual([...host.memory.bytes(outAt, 10)], [0, 0, 0, 0, 127, 0, 0, 1, 0x90, 0x1f]);
  host.network.listener(8080)?.connect({ ip: "2001:db8::1", port: 4000 });
  assert.equal(f("sock_accept", "iii")(fd, 0, fdAt), 0);
  const accepted = host.memory.getU32(fdAt);
  assert.equal(f("sock_addr_remote", "ii")(accepted, outAt), 0);
  assert.deepEqual([...host.memory.bytes(outAt, 8)], [1, 0, 0, 0, 0x01, 0x20, 0xb8, 0x0d]);
  assert.equal(host.memory.view().getUint16(outAt + 20, true), 4000);
  assert.equal(f("sock_addr_remote", "ii")(fd, outAt), errno.NOTCONN);
  assert.equal(f("sock_close", "i")(1), errno.NOTSOCK);
  assert.equal(Number(f("sock_close", "i")(accepted)) | 0, 0);
  assert.equal(f("sock_open", "iiii")(-1, 2, 1, fdAt), errno.AFNOSUPPORT);
  assert.equal(f("sock_open", "iiii")(-1, 0, 2, fdAt), errno.PROTOTYPE);
});

test("connect waits, or says that it is in progress to who does not want to", async () => {
  const network = new VirtualNetwork();
  const outbound = new OutboundStub();
  const host = testHost({ network, dialler: new Dialler(network, outbound) });
  const f = functions(host);
  const blocking = f("sock_connect", "ii")(open(host, 0, 1), name(host, [8, 8, 8, 8], 443));
  assert.ok(blocking instanceof Promise);
  assert.deepEqual(outbound.connects[0]?.to, { ip: "8.8.8.8", port: 443 });
  outbound.connects[0]?.settle(-errno.TIMEDOUT);
  assert.equal(await blocking, errno.TIMEDOUT);
  const fd = open(host, 1, 1);
  host.table.get(fd)!.flags = 4;
  assert.equal(f("sock_connect", "ii")(fd, name(host, [0x2606, 0x4700, 0, 0, 0, 0, 0, 0x1111], 443)), errno.INPROGRESS);
  assert.deepEqual(outbound.connects[1]?.to, { ip: "2606:4700::1111", port: 443 });
  assert.equal(f("sock_connect", "ii")(fd, name(host, [8, 8, 8, 8], 443)), errno.ALREADY);
  assert.ok(host.table.get(fd) instanceof Connection);
});

test("sock_addr_resolve fills what there is room for, and counts them all", async () => {
  const network = new VirtualNetwork();
  const outbound = new OutboundStub();
  const host = testHost({ network, dialler: new Dialler(network, outbound) });
  const { memory } = host;
  const resolve = functions(host)("sock_addr_resolve", "iiiiii");
  memory.bytes(1024, 16).set(Buffer.from("a.example\0"));
  memory.bytes(1048, 8).set(Buffer.from("https\0"));
  const hints = 1100;
  const look = (type: number, family: number, enabled: number) => {
    memory.setU32(hints, type);
    memory.setU32(hints + 4, family);
    memory.setU8(hints + 8, enabled);
    return resolve(1024, 1048, hints, outAt, 2, 1090);
  };
  const asked = look(1, 2, 1);
  outbound.lookups[0]?.settle(["8.8.8.8", "2606:4700::1111", "8.8.4.4"]);
  assert.equal(await asked, 0);
  assert.equal(memory.getU32(1090), 3);
  assert.deepEqual([...memory.bytes(outAt, 10)], [0, 0, 0, 0, 8, 8, 8, 8, 0xbb, 0x01]);
  assert.deepEqual([memory.getU32(outAt + 24), memory.getU32(outAt + 28), memory.getU32(outAt + 52)], [1, 1, 1]);
  const none = look(1, 0, 1);
  outbound.lookups[1]?.settle(-errno.NOENT);
  assert.equal(await none, 0);
  assert.equal(memory.getU32(1090), 0);
  const refused = look(0, 0, 0);
  outbound.lookups[2]?.settle(-errno.ACCES);
  assert.equal(await refused, errno.ACCES);
});

test("every option that can be set is read back, and its default before", () => {
  const host = testHost();
  const f = functions(host);
  const fd = open(host, 0, 1);
  for (const [getter, params] of Object.entries(wamrOptionTypes)) {
    if (!getter.startsWith("sock_get_") || params !== "ii") continue;
    const setter = getter.replace("_get_", "_set_");
    const timeout = wamrOptionTypes[setter] === "iI";
    host.memory.setU64(outAt, 0n);
    assert.equal(f(setter, wamrOptionTypes[setter]!)(fd, timeout ? 7n : 7), 0, setter);
    assert.equal(f(getter, params)(fd, outAt), 0, getter);
    assert.equal(host.memory.getU64(outAt), 7n, getter);
    assert.equal(f(getter, params)(1, outAt), errno.NOTSOCK);
  }
  assert.equal(f("sock_get_linger", "iii")(fd, outAt, outAt + 4), 0);
  assert.equal(host.memory.getU32(outAt) & 0xff, 0);
  assert.equal(f("sock_set_linger", "iii")(fd, 1, 5), 0);
  assert.equal(f("sock_get_linger", "iii")(fd, outAt, outAt + 4), 0);
  assert.deepEqual([host.memory.getU32(outAt) & 0xff, host.memory.getU32(outAt + 4)], [1, 5]);
  assert.equal(f("sock_set_ip_add_membership", "iii")(fd, outAt, 0), errno.NOTSUP);
});
