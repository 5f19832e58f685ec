import assert from "node:assert/strict";
import { test } from "node:test";
import { Flow } from "../../base/flow.ts";
import { fdflags } from "../descriptor.ts";
import { errno } from "../errno.ts";
import { ListenerSocket } from "../sockets/listener-socket.ts";
import { InputStream, OutputStream } from "../stdio.ts";
import { streamFunctions } from "./stream.ts";
import { call, type TestHost, testHost } from "./testdata/test-host.ts";

const iovs = 64;
const countAt = 16;
const text = 1024;

function point(host: TestHost, ...sizes: number[]): void {
  let at = text;
  for (const [i, size] of sizes.entries()) {
    host.memory.setU32(iovs + i * 8, at);
    host.memory.setU32(iovs + i * 8 + 4, size);
    at += size;
  }
}

test("fd_write gathers buffers into one chunk", () => {
  const host = testHost();
  host.memory.bytes(text, 6).set(Buffer.from("abcdef"));
  point(host, 2, 4);
  assert.equal(streamFunctions(host).fd_write(1, iovs, 2, countAt), 0);
  assert.equal(host.memory.getU32(countAt), 6);
  assert.deepEqual(host.written.map(String), [Buffer.from("abcdef").toString()]);
});

test("fd_write to a full pipe waits until all is written; a non-blocking one takes what it can", async () => {
  const host = testHost();
  const flow = new Flow(4);
  const fd = host.table.add(new OutputStream(flow, false));
  host.memory.bytes(text, 10).set(Buffer.from("abcdefghij"));
  point(host, 3, 7);
  const { fd_write } = streamFunctions(host);
  const writing = call(fd_write, fd, iovs, 2, countAt);
  let read = "";
  while (read.length < 10) {
    await new Promise((resolve) => setImmediate(resolve));
    read += Buffer.from(flow.shift() ?? []).toString();
  }
  assert.equal(await writing, 0);
  assert.equal(read, "abcdefghij");
  assert.equal(host.memory.getU32(countAt), 10);
  host.table.get(fd)!.flags = fdflags.nonblock;
  assert.equal(fd_write(fd, iovs, 2, countAt), 0);
  assert.equal(host.memory.getU32(countAt), 4);
  assert.equal(fd_write(fd, iovs, 2, countAt), errno.AGAIN);
  flow.cancel();
  assert.equal(fd_write(fd, iovs, 2, countAt), errno.PIPE);
});

test("fd_read waits for input, then meets its end", async () => {
  const host = testHost();
  const flow = new Flow();
  const fd = host.table.add(new InputStream(flow, false));
  point(host, 8);
  const { fd_read } = streamFunctions(host);
  const reading = call(fd_read, fd, iovs, 1, countAt);
  host.wasm.grow(1);
  flow.push(Buffer.from("abc"));
  assert.equal(await reading, 0);
  assert.equal(host.memory.getU32(countAt), 3);
  assert.equal(Buffer.from(host.memory.bytes(text, 3)).toString(), "abc");
  flow.end();
  assert.equal(fd_read(fd, iovs, 1, countAt), 0);
  assert.equal(host.memory.getU32(countAt), 0);
});

test("fd_fdstat_get tells type and flags; only a terminal is one", () => {
  const host = testHost();
  const fd = host.table.add(new OutputStream(() => {}, true));
  const { fd_fdstat_get } = streamFunctions(host);
  const stat = (of: number) => {
    assert.equal(fd_fdstat_get(of, 512), 0);
    return [host.memory.bytes(512, 1)[0], host.memory.view().getUint16(514, true)];
  };
  assert.deepEqual(stat(1), [0, 0]);
  assert.deepEqual(stat(fd), [2, 0]);
  // FD_SEEK and FD_TELL are what isatty() looks for.
  assert.equal(host.memory.getU64(520) & 0x24n, 0n);
  const listener = host.network.listen({ ip: "127.0.0.1", port: 80 });
  assert.ok(typeof listener !== "number");
  assert.deepEqual(stat(host.table.add(new ListenerSocket(listener, { handed: true }))), [6, fdflags.nonblock]);
  assert.equal(fd_fdstat_get(77, 512), errno.BADF);
});

test("fd_fdstat_set_flags changes what can be changed", () => {
  const host = testHost();
  const { fd_fdstat_set_flags } = streamFunctions(host);
  assert.equal(fd_fdstat_set_flags(1, fdflags.nonblock | fdflags.append), 0);
  assert.equal(host.table.get(1)?.flags, fdflags.nonblock | fdflags.append);
  assert.equal(fd_fdstat_set_flags(1, fdflags.sync), errno.INVAL);
  assert.equal(fd_fdstat_set_flags(1, 1 << 20), errno.INVAL);
  assert.equal(fd_fdstat_set_flags(9, 0), errno.BADF);
});

test("the preopen scan passes over handed sockets and ends at the first free number", () => {
  const host = testHost();
  const listener = host.network.listen({ ip: "127.0.0.1", port: 80 });
  assert.ok(typeof listener !== "number");
  const socket = new ListenerSocket(listener, { handed: true });
  host.table.add(socket);
  host.handed.add(socket);
  const { fd_prestat_get, fd_prestat_dir_name } = streamFunctions(host);
  assert.equal(fd_prestat_get(0, 512), errno.BADF);
  assert.equal(fd_prestat_get(3, 512), 0);
  assert.equal(host.memory.bytes(512, 1)[0], 1);
  assert.equal(fd_prestat_dir_name(3, 512, 0), errno.BADF);
  assert.equal(fd_prestat_get(4, 512), errno.BADF);
});

test("fd_close and fd_renumber", () => {
  const host = testHost();
  const { fd_close, fd_renumber } = streamFunctions(host);
  assert.equal(fd_renumber(1, 9), errno.BADF);
  const output = host.table.get(1);
  assert.equal(fd_renumber(1, 0) + 0, 0);
  assert.equal(host.table.get(0), output);
  assert.equal(fd_close(1), errno.BADF);
  assert.equal(fd_close(0) + 0, 0);
});
