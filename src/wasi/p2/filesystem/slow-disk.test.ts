import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { SystemClocks } from "../../clocks.ts";
import type { Result } from "../../errno.ts";
import type { Handle } from "../../files/file-system.ts";
import { HostFiles } from "../../files/host-files.ts";
import { HostLater } from "../../files/host-later.ts";
import { openMount } from "../../files/mount.ts";
import { makeTree, type ScratchTree } from "../../files/scratch-tree.suite.ts";
import { CpuMeter, GuestThread } from "../../guest-thread.ts";
import { freePacer } from "../../pacer.ts";
import { ResourceCount } from "../resource-count.ts";
import { type TestHost, testHost, text } from "../testdata/test-host.ts";

// biome-ignore lint/suspicious/noExplicitAny: as the interface has it
type Any = any;

const done = { tag: "ok", val: undefined };
const flag = { read: 1, write: 2, dataSync: 8 } as const;

const files = new HostFiles();

/** A disk whose answers the test lets come. */
class SlowLater extends HostLater {
  readonly calls: string[] = [];
  #open: (() => void)[] = [];

  override get slow(): boolean {
    return true;
  }

  /** Lets all that waits come back, and waits until it has. */
  async letCome(): Promise<void> {
    const open = this.#open;
    this.#open = [];
    for (const go of open) go();
    // What follows from that, with the guest's own turns.
    for (let i = 0; i < 5; i++) await turn();
  }

  async #gate(call: string): Promise<void> {
    this.calls.push(call);
    await new Promise<void>((resolve) => this.#open.push(resolve));
  }

  override async read(handle: Handle, target: Uint8Array, position: number): Promise<Result> {
    await this.#gate(`read ${position}`);
    return files.read(handle, [target], position);
  }

  override async write(handle: Handle, bytes: Uint8Array, position: number | "end"): Promise<Result> {
    await this.#gate(`write ${bytes.length}`);
    return files.write(handle, [bytes], position);
  }

  override async synchronize(_handle: Handle, what: "all" | "data"): Promise<Result> {
    await this.#gate(`synchronize ${what}`);
    return 0;
  }
}

class SlowFiles extends HostFiles {
  override readonly later: SlowLater = new SlowLater();
}

interface Guest {
  readonly host: TestHost;
  readonly disk: SlowLater;
  open(path: string, flags: number): Any;
  file(self: unknown, method: string, ...args: unknown[]): Any;
  stream(kind: "input" | "output", self: unknown, method: string, ...args: unknown[]): Any;
}

/** A guest with neighbours, on a slow disk. */
function guestOf(scratch: ScratchTree, resources: ResourceCount = new ResourceCount(100)): Guest {
  const slow = new SlowFiles();
  const root = openMount({ source: scratch.root, target: "/", mode: "rw" }, slow);
  const thread = new GuestThread(new SystemClocks(), new CpuMeter(), 0, { ...freePacer });
  const host = testHost({ thread, directories: [root], resources });
  const [[directory]] = host.call("filesystem/preopens", "get-directories");
  const file: Guest["file"] = (self, method, ...args) =>
    host.call("filesystem/types", `[method]descriptor.${method}`, self, ...args);
  return {
    host,
    disk: slow.later,
    file,
    open: (path, flags) => file(directory, "open-at", 0, path, 1, flags).val,
    stream: (kind, self, method, ...args) => host.call("io/streams", `[method]${kind}-stream.${method}`, self, ...args),
  };
}

test("a stream reads ahead by another thread, and is not ready meanwhile", async () => {
  using scratch = makeTree({ file: "0123456789" });
  const { host, disk, open, file, stream } = guestOf(scratch);
  const input = file(open("file", flag.read), "read-via-stream", 4n).val;
  const pollable = stream("input", input, "subscribe");
  assert.equal(pollable.ready(), false);
  assert.deepEqual(stream("input", input, "read", 3n).val.length, 0);
  assert.deepEqual(disk.calls, ["read 4"]);
  const blocked = pollable.block();
  await disk.letCome();
  await blocked;
  assert.equal(text(stream("input", input, "read", 3n).val), "456");
  assert.equal(text(stream("input", input, "blocking-read", 3n).val), "789");
  const end = stream("input", input, "blocking-read", 3n);
  await disk.letCome();
  assert.equal((await end).val.tag, "closed");
  assert.deepEqual(disk.calls, ["read 4", "read 10"]);
  stream("input", input, "read", 3n);
  host.call("io/streams", "[resource-drop]input-stream", input);
  await disk.letCome();
});

test("a stream that has written is ready when other threads have, and flushed then", async () => {
  using scratch = makeTree({});
  const { disk, open, file, stream } = guestOf(scratch);
  const output = file(open("file", flag.write | flag.dataSync), "write-via-stream", 0n).val;
  assert.equal(stream("output", output, "check-write").val, 1024n * 1024n);
  const contents = Buffer.from("abc");
  assert.deepEqual(stream("output", output, "write", contents), done);
  contents.fill(0);
  assert.equal(stream("output", output, "check-write").val, 0n);
  assert.equal(output.ready(), false);
  const flushed = stream("output", output, "blocking-flush");
  await disk.letCome();
  assert.deepEqual(disk.calls, ["write 3", "synchronize data"]);
  await disk.letCome();
  assert.deepEqual(await flushed, done);
  assert.equal(readFileSync(scratch.path("file"), "latin1"), "abc");
  const written = stream("output", output, "blocking-write-and-flush", Buffer.from("def"));
  for (let i = 0; i < 2; i++) await disk.letCome();
  assert.deepEqual(await written, done);
  assert.equal(readFileSync(scratch.path("file"), "latin1"), "abcdef");
});

test("what a stream took is written although the guest drops it, but not once the guest is over", async () => {
  using scratch = makeTree({});
  const { host, disk, open, file, stream } = guestOf(scratch);
  const descriptor = open("file", flag.write);
  const output = file(descriptor, "write-via-stream", 0n).val;
  const size = host.table.size;
  host.call("filesystem/types", "[resource-drop]descriptor", descriptor);
  stream("output", output, "check-write");
  stream("output", output, "write", Buffer.from("abc"));
  stream("output", output, "write", Buffer.from("def"));
  host.call("io/streams", "[resource-drop]output-stream", output);
  assert.equal(host.table.size, size);
  for (let i = 0; i < 2; i++) await disk.letCome();
  assert.equal(host.table.size, size - 1);
  assert.equal(readFileSync(scratch.path("file"), "latin1"), "abcdef");

  const late = file(open("late", flag.write), "write-via-stream", 0n).val;
  stream("output", late, "check-write");
  stream("output", late, "write", Buffer.from("abc"));
  stream("output", late, "write", Buffer.from("def"));
  host.table.closeAll();
  for (let i = 0; i < 3; i++) await disk.letCome();
  assert.equal(readFileSync(scratch.path("late"), "latin1"), "abc");
  assert.equal(late.checkWrite().val.tag, "last-operation-failed");
  assert.equal(late.checkWrite().val.tag, "closed");
});

test("what waits for a disk has a limit; beyond it the guest waits in its own turn", async () => {
  using scratch = makeTree({ file: "0123456789" });
  const { host, disk, open, file, stream } = guestOf(scratch, new ResourceCount(100, 64 * 1024));
  const descriptor = open("file", flag.read | flag.write);
  const [one, other] = [1, 2].map(() => file(descriptor, "read-via-stream", 0n).val);
  assert.equal(one.ready(), false);
  assert.equal(other.ready(), true);
  assert.equal(text(stream("input", other, "read", 3n).val), "012");
  const output = file(descriptor, "append-via-stream").val;
  stream("output", output, "check-write");
  assert.deepEqual(stream("output", output, "write", Buffer.from("x")), done);
  assert.equal(readFileSync(scratch.path("file"), "latin1"), "0123456789x");
  await disk.letCome();
  host.call("io/streams", "[resource-drop]input-stream", one);
  assert.equal(other.ready(), false);
  assert.deepEqual(disk.calls, ["read 0", "read 3"]);
  await disk.letCome();
});

test("a descriptor reads and writes by other threads, the guest suspended", async () => {
  using scratch = makeTree({ file: "0123456789" });
  const { host, disk, open, file } = guestOf(scratch);
  const descriptor = open("file", flag.read | flag.write);
  const read = file(descriptor, "read", 4n, 2n);
  assert.ok(host.thread.parked);
  await disk.letCome();
  assert.equal(text((await read).val[0]), "2345");
  const written = file(descriptor, "write", Buffer.from("ab"), 8n);
  await disk.letCome();
  assert.equal((await written).val, 2n);
  const synchronized = file(descriptor, "sync");
  await disk.letCome();
  assert.deepEqual(await synchronized, done);
  assert.deepEqual(disk.calls, ["read 2", "write 2", "synchronize all"]);
  assert.equal(readFileSync(scratch.path("file"), "latin1"), "01234567ab");
});
