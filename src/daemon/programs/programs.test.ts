import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Digest, digestOf } from "../../base/digest.ts";
import { encodeUnsigned } from "../../base/leb128.ts";
import { BlobStore } from "../../store/blob-store.ts";
import { DerivedStore } from "../../store/derived-store.ts";
import { checkPlan } from "../wall/plans.ts";
import { buildWall } from "../wall/wall.ts";
import type { CheckLimits, CheckStart } from "./check-process.ts";
import { checkLimitsDefault, Programs, preparedKey } from "./programs.ts";

const workerFolder = join(import.meta.dirname, "../../worker");
const launcher = join(workerFolder, "launcher.ts");
const ownEntry = join(workerFolder, "check.ts");
const wall = buildWall("auto");
const memoryBytesMax = 2 ** 20;

function section(id: number, ...parts: readonly (readonly number[] | Uint8Array)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Uint8Array.from(part)));
  return Buffer.concat([Uint8Array.of(id, ...encodeUnsigned(body.length)), body]);
}

/** A command whose one function has this body, the locals before it included. */
function command(...body: readonly (readonly number[] | Uint8Array)[]): Buffer {
  const code = Buffer.concat(body.map((part) => Uint8Array.from(part)));
  return Buffer.concat([
    Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
    section(1, [1, 0x60, 0, 0]),
    section(3, [1, 0]),
    section(5, [1, 0, 1]),
    section(7, [1, 6], Buffer.from("_start"), [0, 0]),
    section(10, [1], encodeUnsigned(code.length), code),
  ]);
}

/** So many times the same bytes. */
function repeated(count: number, bytes: readonly number[]): Buffer {
  return Buffer.alloc(count * bytes.length, Uint8Array.from(bytes));
}

const empty = command([0, 0x0b]);
/** 50,000 local variables and 30,000 branches: V8's quick compiler keeps all variables at each. */
const bomb = command(
  [1, ...encodeUnsigned(50_000), 0x7f],
  repeated(30_000, [0x02, 0x40, 0x20, 0, 0x0d, 0, 0x0b]),
  [0x0b],
);
/** i32.add without operands. */
const invalid = command([0, 0x6a, 0x0b]);

interface RigOptions {
  readonly limits?: Partial<CheckLimits>;
  /** What runs in place of the check. */
  readonly entry?: string;
  readonly onStart?: () => void;
}

interface Rig {
  readonly path: string;
  readonly programs: Programs;
  /** Under the digest of other bytes when they are given, which is refused. */
  put(bytes: Uint8Array, more?: { as?: Digest; onFile?: (path: string) => void }): Promise<Digest>;
  with(options: RigOptions): Promise<Programs>;
}

async function rig(t: TestContext): Promise<Rig> {
  const path = mkdtempSync(join(tmpdir(), "warren-programs-"));
  t.after(() => rmSync(path, { recursive: true }));
  chmodSync(path, 0o755);
  const blobs = await BlobStore.open(join(path, "blobs"));
  const make = async ({ limits, entry = ownEntry, onStart }: RigOptions) => {
    const plan: CheckStart["plan"] = (args) => {
      onStart?.();
      const whole = checkPlan(wall, args);
      const { paths } = whole;
      return { ...whole, entry, ...(paths && { paths: { ...paths, read: [...paths.read, entry] } }) };
    };
    return new Programs({
      blobs,
      derived: await DerivedStore.open(join(path, "prepared")),
      wall,
      limits: { ...checkLimitsDefault, ...limits },
      start: { plan, launcher },
    });
  };
  return {
    path,
    programs: await make({}),
    with: make,
    put: async (bytes, { as: digest = digestOf(bytes), ...more } = {}) => {
      await blobs.write(
        (async function* () {
          yield bytes;
        })(),
        { digest, bytesMax: bytes.length, ...more },
      );
      return digest;
    },
  };
}

async function read(programs: Programs, digest: Digest): Promise<Buffer> {
  const { handle } = await programs.open({ digest, memoryBytesMax });
  const bytes = await handle.readFile();
  await handle.close();
  return bytes;
}

test("Programs.open() gives the prepared module, and checks once for everybody who asks", async (t) => {
  const { put, with: make } = await rig(t);
  let checks = 0;
  const programs = await make({ onStart: () => checks++ });
  const digest = await put(empty);
  const all = await Promise.all([1, 2, 3].map(() => read(programs, digest)));
  all.push(await read(programs, digest));
  assert.equal(checks, 1);
  assert.ok(WebAssembly.validate(all[0] as Buffer<ArrayBuffer>));
  for (const bytes of all) assert.deepEqual(bytes, all[0]);
});

test("a check that was started with an upload is used for what was uploaded, and for no other file", async (t) => {
  const { put, with: make } = await rig(t);
  let checks = 0;
  const programs = await make({ onStart: () => checks++ });
  const [digest, other] = [digestOf(empty), command([1, 1, 0x7f, 0x0b])];
  const onFile = (path: string) => programs.expect(digest, path);
  // What stays is a check of the wrong program, under the digest of the right one.
  await assert.rejects(put(other, { as: digest, onFile }), { code: "blob.digest-mismatch" });
  await put(empty);
  const prepared = await read(programs, digest);
  assert.ok(checks === 2 || checks === 1, `${checks} checks`);
  checks = 0;
  const fresh = digestOf(other);
  await put(other, { onFile: (path) => programs.expect(fresh, path) });
  assert.notDeepEqual(await read(programs, fresh), prepared);
  assert.equal(checks, 1);
  // Another limit: the one that was started has been used.
  await programs.prepare({ digest: fresh, memoryBytesMax: 2 * memoryBytesMax });
  assert.equal(checks, 2);
  await put(invalid, { onFile: (path) => programs.expect(digestOf(invalid), path) });
  await programs.close();
});

test("Programs.open() finds what an earlier daemon prepared, for the same limit only", async (t) => {
  const { programs, put, path, with: make } = await rig(t);
  const digest = await put(empty);
  const before = await read(programs, digest);
  const name = preparedKey({ digest, memoryBytesMax });
  // The name appears once the file is on the disk.
  while (!readdirSync(join(path, "prepared/files")).includes(name)) await new Promise(setImmediate);
  const broken = join(path, "broken.js");
  writeFileSync(broken, "process.exit(1)");
  const next = await make({ entry: broken });
  assert.deepEqual(await read(next, digest), before);
  await assert.rejects(next.prepare({ digest, memoryBytesMax: memoryBytesMax * 2 }), { code: "program.check-crashed" });
});

test("Programs refuses what the check refuses, and keeps nothing of it", async (t) => {
  const { programs, put, path } = await rig(t);
  for (const [bytes, code] of [
    [Buffer.from("text"), "module.not-wasm"],
    [invalid, "module.invalid"],
  ] as const) {
    await assert.rejects(programs.prepare({ digest: await put(bytes), memoryBytesMax }), { code });
  }
  assert.deepEqual(readdirSync(join(path, "prepared/tmp")), []);
  assert.deepEqual(readdirSync(join(path, "prepared/files")), []);
  await assert.rejects(programs.prepare({ digest: digestOf(empty), memoryBytesMax }), { code: "blob.unknown" });
});

const spin = "for (;;);";
const hoard = "const all = []; for (;;) all.push(Buffer.alloc(2 ** 20, 1));";

const deaths: readonly (readonly [what: string, script: string, limits: Partial<CheckLimits>, code: string])[] = [
  ["one that takes too long", spin, { wallMsMax: 200 }, "program.check-timeout"],
  ["one that takes too much memory", hoard, { memoryBytesMax: 2 ** 27 }, "program.check-memory"],
  [
    "one that V8 gives up for want of memory",
    "process.abort(console.error('Fatal process out of memory: Zone'))",
    {},
    "program.check-memory",
  ],
  ["one that crashes", "process.abort()", {}, "program.check-crashed"],
  ["one that ends without a word", "", {}, "program.check-crashed"],
];

for (const [what, script, limits, code] of deaths) {
  test(`Programs survives a check process: ${what}`, async (t) => {
    const { put, path, with: make } = await rig(t);
    const hostile = join(path, "hostile.js");
    writeFileSync(hostile, script);
    const programs = await make({ limits, entry: hostile });
    await assert.rejects(programs.prepare({ digest: await put(empty), memoryBytesMax }), { code, status: 422 });
    assert.deepEqual(readdirSync(join(path, "prepared/tmp")), []);
  });
}

test("a check process ends itself when its processor time is over", async (t) => {
  const { put, path, with: make } = await rig(t);
  const hostile = join(path, "hostile.ts");
  const limit = join(import.meta.dirname, "../../engine/check/limit-process.ts");
  writeFileSync(
    hostile,
    `import { limitProcess } from ${JSON.stringify(limit)}; limitProcess(JSON.parse(process.argv[2])); ${spin}`,
  );
  const programs = await make({ limits: { cpuSecondsMax: 1 }, entry: hostile });
  await assert.rejects(programs.prepare({ digest: await put(empty), memoryBytesMax }), {
    code: "program.check-timeout",
  });
});

test("a function that V8 cannot compile in reasonable time or memory is found at the check", async (t) => {
  const { put, with: make } = await rig(t);
  const programs = await make({ limits: { memoryBytesMax: 2 ** 28 } });
  await assert.rejects(
    programs.prepare({ digest: await put(bomb), memoryBytesMax }),
    ({ code }: { code: string }) => code === "program.check-memory" || code === "program.function-too-complex",
  );
});

test("a stored program that the disk has damaged is refused and put aside, not prepared", async (t) => {
  const { path, programs, put } = await rig(t);
  const digest = await put(empty);
  const hex = digest.slice(7);
  const damaged = Buffer.from(empty);
  damaged[damaged.length - 2] = 0x01;
  writeFileSync(join(path, "blobs/sha256", hex.slice(0, 2), hex), damaged);
  await assert.rejects(programs.open({ digest, memoryBytesMax }), { code: "blob.corrupt" });
  assert.equal(readdirSync(join(path, "blobs/quarantine")).length, 1);
  assert.equal(readdirSync(join(path, "prepared")).filter((name) => name.includes(hex)).length, 0);
});
