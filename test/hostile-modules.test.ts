import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { digestOf } from "../src/base/digest.ts";
import { WarrenError } from "../src/base/errors.ts";
import { encodeUnsigned as leb } from "../src/base/leb128.ts";
import { seeded } from "../src/base/testdata/random.ts";
import type { ServiceSpec } from "../src/control/service.ts";
import { decodeModule } from "../src/wasm/decode.ts";
import * as build from "../src/wasm/testdata/build-module.ts";
import { buildGuest, requireToolchain } from "./guests/build.ts";
import { TestDaemon } from "./support/daemon.ts";
import { ask } from "./support/http.ts";

const { exportItem, importFunction, join, module, name, repeated, section, voidType } = build;

/** Far longer than a refusal takes, and less than what a worker that hangs would need to be noticed otherwise. */
const answerMsMax = 20_000;

const body = (code: readonly number[] = []): Uint8Array => join(leb(code.length + 2), [0], code, [0x0b]);
const memory = section(5, [1, 0, 1]);
const startExport = (index = 0) => build.exports(exportItem("_start", 0, index), exportItem("memory", 2, 0));

/** A command whose _start is this code. */
function command(code: readonly number[] = []): Uint8Array {
  return module(voidType, section(3, [1, 0]), memory, startExport(), section(10, [1], body(code)));
}

/** A command that imports one function of the given type (its parameters and results) and returns at once. */
function importing(from: string, text: string, type: readonly number[] = [0x60, 0, 0]): Uint8Array {
  return module(
    section(1, [2, 0x60, 0, 0], type),
    build.imports(importFunction(from, text, 1)),
    section(3, [1, 0]),
    memory,
    startExport(1),
    section(10, [1], body()),
  );
}

const unreachable = 0x00;
const manyLocals = [6, 1, ...leb(50_000), 0x7f, 0x0b];
const blocks = (count: number): number[] => [
  ...Array<number[]>(count).fill([0x02, 0x40]).flat(),
  ...Array<number>(count).fill(0x0b),
];

const hostile: readonly (readonly [what: string, bytes: Uint8Array, code: RegExp])[] = [
  ["nothing", Uint8Array.of(), /^module\.not-wasm$|^request\./],
  ["text", Buffer.from("(module)"), /^module\.not-wasm$/],
  ["a native program", Buffer.from("\x7fELF\x02\x01\x01", "latin1"), /^module\.not-wasm$/],
  ["a header alone", Uint8Array.from(build.header), /^program\.no-entry$/],
  ["half a header", Uint8Array.from(build.header.slice(0, 5)), /^module\.truncated$/],
  ["another version", Uint8Array.of(0, 0x61, 0x73, 0x6d, 2, 0, 0, 0), /^module\.not-wasm$/],
  ["a component of nothing", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), /^program\.component-kind$/],
  ["an unknown section", module([99, 0]), /^module\.malformed$/],
  ["a section that is longer than the file", module([1, ...leb(0xffff_ffff)]), /^module\.truncated$/],
  ["four billion imports", module(voidType, section(2, leb(0xffff_ffff))), /^module\.cap-imports$/],
  ["a million exports", module(section(7, leb(1_000_000))), /^module\.cap-exports$/],
  ["two million types", module(section(1, leb(2_000_000))), /^module\.(cap-types|malformed)$/],
  ["a thousand memories", module(repeated(5, 1000, [0, 1])), /^module\.cap-memories$/],
  ["tables for gigabytes", module(repeated(4, 50, [0x70, 0, ...leb(10_000_000)])), /^module\.cap-tables$/],
  ["one enormous table", module(section(4, [1, 0x70, 0, ...leb(4_000_000_000)])), /^module\.cap-table-entries$/],
  [
    "fifty million local variables in a few kilobytes",
    module(voidType, repeated(3, 1100, [0]), repeated(10, 1100, manyLocals)),
    /^module\.cap-locals-total$/,
  ],
  ["ten thousand custom sections", module(...Array<Uint8Array>(10_000).fill(build.custom("a"))), /^module\.cap-/],
  ["a memory shared by threads", module(section(5, [1, 3, 1, 2])), /^module\.shared-memory$/],
  [
    "a memory of 4 GiB",
    module(voidType, section(3, [1, 0]), section(5, [1, 0, ...leb(65_536)]), startExport(), section(10, [1], body())),
    /^limits\.memory$/,
  ],
  [
    "a memory of 2^48 pages",
    module(voidType, section(3, [1, 0]), section(5, [1, 4, ...leb(2 ** 48)]), startExport(), section(10, [1], body())),
    /^limits\.memory$/,
  ],
  ["a body that does not validate", command([0x6a]), /^module\.invalid$/],
  ["an opcode that does not exist", command([0xff]), /^module\.(invalid|malformed)$/],
  ["a hundred thousand blocks in one another", command(blocks(100_000)), /^(module\.|program\.|deploy\.exited$)/],
  ["no entry", module(voidType, section(3, [1, 0]), section(10, [1], body())), /^program\.no-entry$/],
  [
    "an entry that is a memory",
    module(memory, build.exports(exportItem("_start", 2, 0), exportItem("memory", 2, 0))),
    /^program\.bad-entry$/,
  ],
  [
    "an entry with parameters",
    module(section(1, [1, 0x60, 1, 0x7f, 0]), section(3, [1, 0]), memory, startExport(), section(10, [1], body())),
    /^program\.bad-entry$/,
  ],
  [
    "WASI without a memory",
    module(
      voidType,
      build.imports(importFunction("wasi_snapshot_preview1", "sched_yield")),
      section(3, [1, 0]),
      build.exports(exportItem("_start", 0, 1)),
      section(10, [1], body()),
    ),
    /^program\.no-memory$/,
  ],
  ["an import that nobody offers", importing("env", "launch_missiles"), /^program\.imports-missing$/],
  ["an import from Object.prototype", importing("wasi_snapshot_preview1", "constructor"), /^program\.imports-missing$/],
  ["an import by the name of __proto__", importing("__proto__", "__proto__"), /^program\.imports-missing$/],
  ["hasOwnProperty", importing("wasi_snapshot_preview1", "hasOwnProperty"), /^program\.imports-missing$/],
  ["names with escape sequences", importing("env\x1b]0;x\x07", "\x1b[2J\r\n\u202e"), /^program\.imports-missing$/],
  ["a name of 60 KB", importing("env", "a".repeat(60_000)), /^program\.imports-missing$/],
  ["Go for browsers", importing("gojs", "runtime.wasmExit"), /^program\.gojs$/],
  ["threads", importing("wasi", "thread-spawn", [0x60, 1, 0x7f, 1, 0x7f]), /^program\.threads$/],
  ["fd_write of another type", importing("wasi_snapshot_preview1", "fd_write"), /^(program|module|deploy)\./],
  [
    "an imported memory",
    module(
      voidType,
      build.imports(join(name("env"), name("memory"), [2, 0, 1])),
      section(3, [1, 0]),
      startExport(),
      section(10, [1], body()),
    ),
    /^program\.imports-missing$/,
  ],
  ["a trap", command([unreachable]), /^deploy\.trapped$/],
  ["recursion without end", command([0x10, 0]), /^deploy\.trapped$/],
  [
    "a trap in the start section",
    module(
      voidType,
      section(3, [2, 0, 0]),
      memory,
      startExport(),
      section(8, [1]),
      section(10, [2], body(), body([unreachable])),
    ),
    /^deploy\.trapped$/,
  ],
  [
    "data beyond the memory",
    module(
      voidType,
      section(3, [1, 0]),
      memory,
      startExport(),
      section(10, [1], body()),
      section(11, [1, 0, 0x41, 0x7f, 0x0b, 1, 0]),
    ),
    /^deploy\.trapped$/,
  ],
  [
    "elements beyond the table",
    module(
      voidType,
      section(3, [1, 0]),
      section(4, [1, 0x70, 0, 1]),
      memory,
      startExport(),
      section(9, [1, 0, 0x41, 5, 0x0b, 1, 0]),
      section(10, [1], body()),
    ),
    /^deploy\.trapped$/,
  ],
  [
    "an exception that nobody catches",
    module(
      voidType,
      section(3, [1, 0]),
      memory,
      section(13, [1, 0, 0]),
      startExport(),
      section(10, [1], body([0x08, 0])),
    ),
    /^deploy\.trapped$/,
  ],
  // loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
  [
    "all memory that it can get",
    command([0x03, 0x40, 0x41, 1, 0x40, 0, 0x41, 0x7f, 0x47, 0x0d, 0, 0x0b]),
    /^deploy\.exited$/,
  ],
  ["nothing to do", command(), /^deploy\.exited$/],
];

interface Stage {
  readonly daemon: TestDaemon;
  /** Uploads and deploys; the code of the refusal, or undefined when the service runs. */
  attempt(bytes: Uint8Array, more?: Partial<ServiceSpec>): Promise<string | undefined>;
  /** Throws unless the daemon, the same workers and the services that ran before are all there. */
  unharmed(context: string): Promise<void>;
}

async function stage(t: TestContext): Promise<Stage | undefined> {
  if (!(await requireToolchain(t, "c"))) return undefined;
  const daemon = await TestDaemon.start(t, { workers: 2 });
  for (const service of ["one", "two"]) await daemon.deploy(service, "c-hello");
  const pids = [daemon.pid, ...daemon.workerPids()].toString();
  return {
    daemon,
    attempt: async (bytes, more = {}) => {
      const signal = AbortSignal.timeout(answerMsMax);
      const program = digestOf(bytes);
      try {
        await daemon.client.uploadProgram("default", bytes, program, { signal });
        await daemon.client.putService("default", { name: "hostile", program, ...more }, { signal });
        return undefined;
      } catch (error) {
        assert.ok(error instanceof WarrenError, String(error));
        assert.ok(error.message.length < 10_000, `a message of ${error.message.length} characters`);
        return error.code;
      }
    },
    unharmed: async (context) => {
      assert.equal([daemon.pid, ...daemon.workerPids()].toString(), pids, `${context}: a process was lost`);
      for (const service of ["one", "two"])
        assert.equal((await ask(daemon.port, `${service}.localhost`)).status, 200, context);
    },
  };
}

test("hostile modules are refused, each with a code, and harm nobody", async (t) => {
  const stand = await stage(t);
  if (stand === undefined) return;
  for (const [what, bytes, expected] of hostile) {
    const code = await stand.attempt(bytes);
    assert.match(code ?? "accepted", expected, what);
    // A CGI program is refused for the same reasons, but what it does shows only when it is called.
    if (code?.startsWith("deploy.")) {
      assert.equal(await stand.attempt(bytes, { kind: "cgi" }), undefined, what);
      assert.equal((await ask(stand.daemon.port, "hostile.localhost")).status, 502, what);
    }
    await stand.unharmed(what);
  }
});

test("a real program that was cut off anywhere is refused", async (t) => {
  const stand = await stage(t);
  if (stand === undefined) return;
  const guest = readFileSync(await buildGuest("c-hello"));
  for (let i = 1; i <= 20; i++) {
    const code = await stand.attempt(guest.subarray(0, Math.floor((guest.length * i) / 21)));
    assert.match(code ?? "accepted", /^(module\.(truncated|malformed|not-wasm)|program\.no-entry)$/, `cut ${i}`);
  }
  await stand.unharmed("truncated");
});

const runs = Number(process.env.WARREN_FUZZ_RUNS ?? 60);
const seed = Number(process.env.WARREN_FUZZ_SEED ?? 1);

/**
 * Where a module is damaged: everywhere but in the bodies of its functions, where a changed bit can make a loop without an
 * end, and each of those would take the half minute that a server has to come to listen. What is left is what decoder,
 * linker and host have to withstand: headers, types, imports and their names, limits, exports, elements, data.
 */
function places(bytes: Uint8Array): [from: number, to: number][] {
  const { sections, customSections } = decodeModule(bytes);
  const contents = [...sections, ...customSections].filter(({ id, start, end }) => id !== 10 && start < end);
  // A damaged header ends nearly every module at once: those are one place together, the contents one each.
  const headers: [number, number] = [0, (sections[0]?.start ?? 8) + 1];
  return [headers, ...contents.map(({ start, end }): [number, number] => [start, end])];
}

function mutate(
  bytes: Uint8Array,
  where: readonly (readonly [number, number])[],
  random: (max: number) => number,
): Uint8Array {
  const result = Buffer.from(bytes);
  for (let changes = 1 + random(2); changes > 0; changes--) {
    // Any section as likely as another, however small.
    const [from, to] = where[random(where.length)] as [number, number];
    const at = from + random(to - from);
    result[at] = random(2) === 0 ? (result[at] as number) ^ (1 << random(8)) : random(256);
  }
  return result;
}

test("damaged real programs run or are refused with a code, never by an internal error", async (t) => {
  const stand = await stage(t);
  if (stand === undefined) return;
  const guest = readFileSync(await buildGuest("c-hello"));
  const where = places(guest);
  const outcomes = new Map<string, number>();
  for (let run = seed; run < seed + runs; run++) {
    const code = (await stand.attempt(mutate(guest, where, seeded(run)))) ?? "runs";
    outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
    const context = `WARREN_FUZZ_SEED=${run} WARREN_FUZZ_RUNS=1: ${code}`;
    assert.match(code, /^(runs|(module|program|limits|deploy)\.[a-z0-9-]+)$/, context);
    await stand.unharmed(context);
  }
  t.diagnostic(JSON.stringify(Object.fromEntries(outcomes)));
});
