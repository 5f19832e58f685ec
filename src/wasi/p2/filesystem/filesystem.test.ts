import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { DescriptorTable } from "../../descriptor-table.ts";
import { openMount } from "../../files/mount.ts";
import { makeTree, type ScratchTree } from "../../files/scratch-tree.suite.ts";
import { type TestHost, testHost, text } from "../testdata/test-host.ts";

const trapped = WebAssembly.RuntimeError;
const openFlag = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;
const flag = { read: 1, write: 2, fileSync: 4, dataSync: 8, mutateDirectory: 32 } as const;
const u64Max = 2n ** 64n - 1n;
const done = { tag: "ok", val: undefined };

// biome-ignore lint/suspicious/noExplicitAny: as the interface has it
type Any = any;

interface Guest {
  readonly host: TestHost;
  /** The tree's own descriptor. */
  readonly root: unknown;
  /** Calls a method of a descriptor. */
  call(self: unknown, method: string, ...args: unknown[]): Any;
  /** What a call gave that must not fail. */
  get(self: unknown, method: string, ...args: unknown[]): Any;
  open(path: string, openFlags: number, flags: number): Any;
  stream(kind: "input" | "output", self: unknown, method: string, ...args: unknown[]): Any;
}

function guestOf(
  scratch: ScratchTree,
  mode: "ro" | "rw" = "rw",
  table: DescriptorTable = new DescriptorTable(),
): Guest {
  const host = testHost({ table, directories: [openMount({ source: scratch.root, target: "/data", mode })] });
  const directories = host.call("filesystem/preopens", "get-directories");
  assert.equal(directories[0][1], "/data");
  const call: Guest["call"] = (self, method, ...args) =>
    host.call("filesystem/types", `[method]descriptor.${method}`, self, ...args);
  const get: Guest["get"] = (self, method, ...args) => {
    const result = call(self, method, ...args);
    assert.equal(result.tag, "ok", `${method} gave ${result.val}`);
    return result.val;
  };
  const [[root]] = directories;
  return {
    host,
    root,
    call,
    get,
    open: (path, openFlags, flags) => get(root, "open-at", 0, path, openFlags, flags),
    stream: (kind, self, method, ...args) => host.call("io/streams", `[method]${kind}-stream.${method}`, self, ...args),
  };
}

function fails(result: Any, code: string): void {
  assert.deepEqual(result, { tag: "err", val: code });
}

test("a file is read and written at offsets", () => {
  using scratch = makeTree({ file: "0123456789" });
  const { call, get, open } = guestOf(scratch);
  const file = open("file", 0, flag.read | flag.write);
  const [bytes, end] = get(file, "read", 4n, 8n);
  assert.deepEqual([text(bytes), end], ["89", false]);
  assert.deepEqual(get(file, "read", u64Max, 10n), [Buffer.alloc(0), true]);
  assert.deepEqual(get(file, "read", 0n, 0n)[1], false);
  assert.equal(get(file, "write", Buffer.from("ab"), 12n), 2n);
  assert.equal(readFileSync(scratch.path("file"), "latin1"), "0123456789\0\0ab");
  fails(call(file, "read", 1n, u64Max), "invalid");
  fails(call(file, "write", Buffer.from("a"), u64Max), "invalid");
  fails(call(open("file", 0, flag.read), "write", Buffer.from("a"), 0n), "bad-descriptor");
  fails(call(open("file", 0, flag.write), "read", 1n, 0n), "bad-descriptor");
});

test("a long read gives a part", () => {
  using scratch = makeTree({ file: "" });
  writeFileSync(scratch.path("file"), Buffer.alloc(3 * 1024 * 1024, 1));
  const { get, open } = guestOf(scratch);
  const [bytes, end] = get(open("file", 0, flag.read), "read", u64Max, 0n);
  assert.deepEqual([bytes.length, end], [1024 * 1024, false]);
});

test("streams of a file have positions of their own and outlive its descriptor", () => {
  using scratch = makeTree({ file: "0123456789" });
  const { host, get, call, open, stream } = guestOf(scratch);
  const file = open("file", 0, flag.read | flag.write);
  const [one, other] = [get(file, "read-via-stream", 2n), get(file, "read-via-stream", 8n)];
  const output = get(file, "write-via-stream", 4n);
  const append = get(file, "append-via-stream");
  host.call("filesystem/types", "[resource-drop]descriptor", file);
  assert.equal(text(stream("input", one, "read", 2n).val), "23");
  assert.equal(text(stream("input", other, "blocking-read", 9n).val), "89");
  assert.deepEqual(stream("input", other, "read", 9n).val.tag, "closed");
  assert.deepEqual(stream("output", output, "blocking-write-and-flush", Buffer.from("ab")), done);
  assert.deepEqual(stream("output", append, "blocking-write-and-flush", Buffer.from("x")), done);
  assert.deepEqual(stream("output", output, "blocking-write-and-flush", Buffer.from("cd")), done);
  assert.deepEqual(stream("output", append, "blocking-write-and-flush", Buffer.from("y")), done);
  assert.equal(text(stream("input", one, "read", 99n).val), "abcd89xy");
  assert.equal(text(stream("input", other, "read", 99n).val), "xy");
  assert.equal(readFileSync(scratch.path("file"), "latin1"), "0123abcd89xy");
  assert.equal(stream("output", output, "check-write").val, 1024n * 1024n);
  assert.deepEqual(stream("output", output, "write-zeroes", 3n), done);
  assert.throws(() => stream("output", output, "write", Buffer.alloc(1024 * 1024)), trapped);
  assert.equal(readFileSync(scratch.path("file"), "latin1"), "0123abcd\0\0\0y");
  assert.equal(stream("output", output, "splice", one, 5n).val.tag, "closed");
  const sizeBefore = host.table.size;
  for (const input of [one, other]) host.call("io/streams", "[resource-drop]input-stream", input);
  for (const each of [output, append]) host.call("io/streams", "[resource-drop]output-stream", each);
  assert.equal(host.table.size, sizeBefore - 1);
  fails(call(open("file", 0, flag.write), "read-via-stream", 0n), "bad-descriptor");
  fails(call(open("file", 0, flag.read), "append-via-stream"), "bad-descriptor");
});

test("a stream of a file tells what it failed with as an error of the file system", () => {
  using scratch = makeTree({ file: "" });
  const { host, get, open, stream } = guestOf(scratch);
  const output = get(open("file", 0, flag.write), "write-via-stream", 2n ** 53n - 1n);
  const { val } = stream("output", output, "blocking-write-and-flush", Buffer.from("a"));
  assert.equal(val.tag, "last-operation-failed");
  assert.equal(host.call("filesystem/types", "filesystem-error-code", val.val), "file-too-large");
});

test("files that are written to be on the disk are", () => {
  using scratch = makeTree({});
  const { get, open, stream } = guestOf(scratch);
  const file = open("file", openFlag.create, flag.write | flag.fileSync | flag.dataSync);
  assert.equal(get(file, "get-flags"), flag.write | flag.fileSync | flag.dataSync);
  assert.equal(get(file, "write", Buffer.from("ab"), 0n), 2n);
  const append = get(file, "append-via-stream");
  assert.deepEqual(stream("output", append, "blocking-write-and-flush", Buffer.from("c")), done);
  assert.equal(get(file, "sync"), undefined);
  assert.equal(get(file, "sync-data"), undefined);
  assert.equal(readFileSync(scratch.path("file"), "latin1"), "abc");
});

test("what a descriptor is", () => {
  using scratch = makeTree({ file: "text" });
  symlinkSync("file", scratch.path("l"));
  const { root, call, get, open } = guestOf(scratch);
  const file = open("file", 0, flag.read);
  assert.deepEqual([get(file, "get-type"), get(root, "get-type")], ["regular-file", "directory"]);
  assert.deepEqual([get(file, "get-flags"), get(root, "get-flags")], [flag.read, flag.read | flag.mutateDirectory]);
  const stat = get(file, "stat");
  assert.deepEqual([stat.type, stat.linkCount, stat.size], ["regular-file", 1n, 4n]);
  const { mtimeMs } = statSync(scratch.path("file"));
  assert.equal(stat.dataModificationTimestamp.seconds, BigInt(Math.floor(mtimeMs / 1000)));
  assert.equal(get(root, "stat-at", 0, "l").type, "symbolic-link");
  assert.equal(get(root, "stat-at", 1, "l").type, "regular-file");
  const one = get(root, "metadata-hash-at", 1, "l");
  assert.deepEqual(get(file, "metadata-hash"), one);
  assert.notDeepEqual(get(root, "metadata-hash"), one);
  writeFileSync(scratch.path("file"), "longer text");
  const other = get(file, "metadata-hash");
  assert.deepEqual([other.lower === one.lower, other.upper === one.upper], [true, false]);
  assert.equal(call(file, "is-same-object", open("file", 0, flag.write)), true);
  assert.equal(call(file, "is-same-object", root), false);
});

test("sizes and times are set", () => {
  using scratch = makeTree({ file: "text" });
  const { root, call, get, open } = guestOf(scratch);
  const file = open("file", 0, flag.read | flag.write);
  get(file, "set-size", 2n);
  assert.equal(readFileSync(scratch.path("file"), "latin1"), "te");
  fails(call(file, "set-size", u64Max), "invalid");
  fails(call(open("file", 0, flag.read), "set-size", 1n), "invalid");
  const at = { tag: "timestamp", val: { seconds: 5n, nanoseconds: 7 } };
  get(file, "set-times", { tag: "no-change", val: undefined }, at);
  assert.deepEqual(get(file, "stat").dataModificationTimestamp, at.val);
  get(root, "set-times-at", 0, "file", at, { tag: "now", val: undefined });
  assert.deepEqual(get(file, "stat").dataAccessTimestamp, at.val);
  assert.ok(get(file, "stat").dataModificationTimestamp.seconds > 5n);
  const never = { tag: "timestamp", val: { seconds: u64Max, nanoseconds: 2 ** 32 - 1 } };
  fails(call(file, "set-times", never, at), "overflow");
  fails(call(root, "set-times-at", 0, "file", at, never), "overflow");
  get(file, "advise", 0n, 2n ** 63n - 1n, "will-need");
  fails(call(file, "advise", 0n, u64Max, "normal"), "invalid");
});

test("paths are made, moved, linked and removed", () => {
  using scratch = makeTree({ file: "text" });
  const { root, call, get } = guestOf(scratch);
  get(root, "create-directory-at", "d");
  const directory = get(root, "open-at", 0, "d", openFlag.directory, flag.read);
  get(root, "rename-at", "file", directory, "moved");
  get(directory, "link-at", 0, "moved", root, "hard");
  get(root, "symlink-at", "d/moved", "soft");
  assert.equal(get(root, "readlink-at", "soft"), "d/moved");
  assert.equal(get(root, "stat-at", 1, "soft").linkCount, 2n);
  fails(call(root, "remove-directory-at", "d"), "not-empty");
  fails(call(root, "unlink-file-at", "d"), "is-directory");
  get(directory, "unlink-file-at", "moved");
  get(root, "remove-directory-at", "d");
  fails(call(root, "stat-at", 1, "soft"), "no-entry");
  fails(call(root, "symlink-at", "/etc", "absolute"), "not-permitted");
  symlinkSync("/etc/passwd", scratch.path("absolute"));
  fails(call(root, "readlink-at", "absolute"), "not-permitted");
  symlinkSync(Buffer.from([0x61, 0xff]), scratch.path("bytes"));
  fails(call(root, "readlink-at", "bytes"), "illegal-byte-sequence");
});

test("no path leads out of its directory", () => {
  using scratch = makeTree({ file: "text" });
  symlinkSync("/", scratch.path("root"));
  const { root, call } = guestOf(scratch);
  for (const path of ["/file", "..", "../x", "root/etc/passwd"]) {
    fails(call(root, "open-at", 1, path, 0, flag.read), "not-permitted");
    fails(call(root, "stat-at", 1, path), "not-permitted");
  }
});

test("how files are opened", () => {
  using scratch = makeTree({ file: "text" });
  const { root, call, get, open } = guestOf(scratch);
  const at = (path: string, openFlags: number, flags: number = flag.read) =>
    call(root, "open-at", 0, path, openFlags, flags);
  fails(at("none", 0), "no-entry");
  fails(at("file", openFlag.create | openFlag.exclusive), "exist");
  fails(at("file", openFlag.directory), "not-directory");
  fails(at("new", openFlag.create | openFlag.directory), "invalid");
  fails(at(".", 0, flag.write), "is-directory");
  // Neither for reading nor for writing: as O_RDONLY.
  assert.equal(text(get(open("file", 0, 0), "read", 4n, 0n)[0]), "text");
  open("file", openFlag.truncate, flag.write);
  assert.equal(readFileSync(scratch.path("file"), "latin1"), "");
  fails(call(open("file", 0, flag.read), "open-at", 0, "x", 0, flag.read), "not-directory");
  fails(call(open("file", 0, flag.read), "read-directory"), "not-directory");
  fails(call(root, "read-via-stream", 0n), "is-directory");
  for (const [method, ...args] of [
    ["read", 1n, 0n],
    ["write", Buffer.from("a"), 0n],
    ["write-via-stream", 0n],
    ["append-via-stream"],
    ["set-size", 0n],
    ["advise", 0n, 0n, "normal"],
  ] as const) {
    fails(call(root, method, ...args), "bad-descriptor");
  }
});

test("a directory is listed without itself and its parent, by several streams at once", () => {
  using scratch = makeTree({});
  mkdirSync(scratch.path("sub"));
  const names = Array.from({ length: 500 }, (_, i) => `file-${i}`);
  for (const name of names) writeFileSync(scratch.path(name), "");
  const { host, root, get } = guestOf(scratch);
  const next = (entries: unknown) =>
    host.call("filesystem/types", "[method]directory-entry-stream.read-directory-entry", entries);
  const [one, other] = [get(root, "read-directory"), get(root, "read-directory")];
  const seen: string[][] = [[], []];
  for (;;) {
    const entries = [next(one), next(other)].map(({ val }) => val);
    if (entries[0] === undefined) break;
    for (const [i, { type, name }] of entries.entries()) {
      assert.equal(type, name === "sub" ? "directory" : "regular-file");
      seen[i]!.push(name);
    }
  }
  for (const list of seen) assert.deepEqual(new Set(list), new Set([...names, "sub"]));
  assert.equal(seen[0]!.length, names.length + 1);
  assert.deepEqual(next(other), { tag: "ok", val: undefined });
  host.call("filesystem/types", "[resource-drop]directory-entry-stream", one);
  writeFileSync(Buffer.concat([Buffer.from(`${scratch.root}/sub/`), Buffer.from([0xff])]), "");
  const sub = get(get(root, "open-at", 0, "sub", openFlag.directory, flag.read), "read-directory");
  fails(next(sub), "illegal-byte-sequence");
  assert.deepEqual(next(sub), { tag: "ok", val: undefined });
});

test("nothing is changed beneath a read-only mount", () => {
  using scratch = makeTree({ file: "text" });
  const { root, call, get, open } = guestOf(scratch, "ro");
  assert.equal(get(root, "get-flags"), flag.read);
  fails(call(root, "open-at", 0, "file", 0, flag.write), "read-only");
  fails(call(root, "open-at", 0, "file", openFlag.truncate, flag.read), "read-only");
  fails(call(root, "open-at", 0, "new", openFlag.create, flag.read), "read-only");
  for (const [method, ...args] of [
    ["create-directory-at", "d"],
    ["unlink-file-at", "file"],
    ["remove-directory-at", "d"],
    ["symlink-at", "file", "l"],
    ["rename-at", "file", root, "other"],
    ["link-at", 0, "file", root, "other"],
  ] as const) {
    fails(call(root, method, ...args), "read-only");
  }
  const now = { tag: "now", val: undefined };
  fails(call(open("file", 0, flag.read), "set-times", now, now), "read-only");
});

test("a guest has no more files open than its descriptors", () => {
  using scratch = makeTree({ file: "text" });
  const { root, call, host } = guestOf(scratch, "rw", new DescriptorTable({ descriptorsMax: 6 }));
  const opened = [1, 2].map(() => call(root, "open-at", 0, "file", 0, flag.read).val);
  fails(call(root, "open-at", 0, "new", openFlag.create, flag.write), "insufficient-memory");
  assert.throws(() => statSync(scratch.path("new")));
  host.call("filesystem/types", "[resource-drop]descriptor", opened[0]);
  assert.equal(call(root, "open-at", 0, "file", 0, flag.read).tag, "ok");
});

test("preopened directories stay open when the guest drops them", () => {
  using scratch = makeTree({ file: "text" });
  const { host, root, call } = guestOf(scratch);
  host.call("filesystem/types", "[resource-drop]descriptor", root);
  const [[again]] = host.call("filesystem/preopens", "get-directories");
  assert.equal(call(again, "open-at", 0, "file", 0, flag.read).tag, "ok");
});
