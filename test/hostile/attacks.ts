import { totalmem } from "node:os";

/**
 * One small program for each way to hurt a host. Each listens first (so that its deploy succeeds) and attacks at its first
 * connection, unless it attacks before.
 *
 * Two that a host of other guests would have are missing. Nothing recurses through calls to the host: it has no function that calls
 * its guest back, so what is there is recursion that calls the host at every depth. And bombs of the compiler are in
 * compile-bomb.test.ts.
 */
export interface Attack {
  readonly name: string;
  /** In WebAssembly text: what follows `(module` and the imports below. */
  readonly text: string;
  /** It never comes to listen: the deploy itself must be refused with this code. */
  readonly refused?: RegExp;
  /** Its limits.memory; 128MiB when absent. */
  readonly memory?: string;
  /** It has a directory to write to, as descriptor 4. */
  readonly mount?: boolean;
  /** So many services of it are deployed at once; one when absent. */
  readonly services?: number;
}

/** Fills of 2 GiB and copies of 4 GiB, which touch memory until they are ended; a quarter of that on a small machine. */
const gib = totalmem() >= 2 ** 33 ? 4 : 1;
const [fillBytes, copyBytes] = [gib * 2 ** 29, gib * 2 ** 30];

/** Waits for a connection on descriptor 3: an AGAIN-free blocking accept. */
const accept = "(drop (call $accept (i32.const 3) (i32.const 0) (i32.const 64)))";

export function moduleText({ text }: Attack): string {
  return `(module
    (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sock_open" (func $socket (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    ${text})`;
}

function main(body: string, more = "", memory = '(memory (export "memory") 1)'): string {
  return `${memory} ${more} (func (export "_start") ${accept} ${body})`;
}

/** Creates and opens the file whose path is at 0, in the directory 4, with every right. */
const openPath =
  "(call $open (i32.const 4) (i32.const 0) (i32.const 0) (global.get $length) (i32.const 1) (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 60000))";

const doubling = Array.from(
  { length: 60 },
  (_, i) => `(func $d${i} ${i === 0 ? "" : `(call $d${i - 1}) (call $d${i - 1})`})`,
).join(" ");

export const attacks: readonly Attack[] = [
  { name: "empty-loop", text: main("(loop (br 0))") },
  { name: "nested-loops", text: main("(loop (loop (loop (br 2))))") },
  { name: "loop-of-calls", text: main("(loop (call $f) (br 0))", "(func $f)") },
  { name: "mutual-recursion", text: main("(call $a)", "(func $a (call $b) (call $b)) (func $b (call $a) (call $a))") },
  {
    name: "indirect-recursion",
    text: main(
      "(call_indirect $t (type $v) (i32.const 0))",
      "(type $v (func)) (table $t 1 funcref) (elem (i32.const 0) $r) (func $r (call_indirect $t (type $v) (i32.const 0)))",
    ),
  },
  { name: "tail-calls", text: main("(call $f)", "(func $f (return_call $f))") },
  { name: "br-table", text: main("(loop $l (br_table $l $l (i32.const 1)))") },
  {
    name: "exceptions",
    text: main("(loop $l (try (do (throw $e)) (catch_all)) (br $l))", "(tag $e)"),
  },
  { name: "doubling-calls", text: main("(call $d59)", doubling) },
  {
    name: "fill",
    text: main(
      "(loop (memory.fill (i32.const 0) (i32.const 7) (i32.const 60000000)) (br 0))",
      "",
      '(memory (export "memory") 1000)',
    ),
  },
  {
    name: "copy",
    text: main(
      "(loop (memory.copy (i32.const 8) (i32.const 0) (i32.const 60000000)) (br 0))",
      "",
      '(memory (export "memory") 1000)',
    ),
  },
  {
    name: "fill-gigabytes",
    memory: `${gib}GiB`,
    text: main(
      `(loop (memory.fill (i32.const 0) (i32.const 7) (i32.const ${fillBytes})) (br 0))`,
      "",
      `(memory (export "memory") ${fillBytes / 65_536})`,
    ),
  },
  {
    name: "copy-gigabytes",
    memory: `${gib}GiB`,
    text: main(
      `(loop (memory.copy (i32.const 8) (i32.const 0) (i32.const ${copyBytes - 8})) (br 0))`,
      "",
      `(memory (export "memory") ${copyBytes / 65_536})`,
    ),
  },
  {
    name: "table-fill",
    text: main(
      "(loop (table.fill $t (i32.const 0) (ref.null func) (i32.const 90000)) (br 0))",
      "(table $t 90000 funcref)",
    ),
  },
  {
    name: "table-grow",
    text: main("(loop (drop (table.grow $t (ref.null func) (i32.const 10000000))) (br 0))", "(table $t 1 funcref)"),
  },
  {
    name: "grow-to-the-limit",
    text: main(`(drop (memory.grow (i32.const 2000)))
      (loop (memory.fill (i32.const 0) (i32.const 1) (i32.mul (memory.size) (i32.const 65536))) (drop (memory.grow (i32.const 1))) (br 0))`),
  },
  {
    name: "grow-tables",
    text: main(
      Array.from({ length: 10 }, (_, i) => `(drop (table.grow $t${i} (ref.null func) (i32.const 199000)))`).join(" ") +
        "(loop (br 0))",
      Array.from({ length: 10 }, (_, i) => `(table $t${i} 1 funcref)`).join(" "),
    ),
  },
  { name: "memory-grow", text: main("(loop (drop (memory.grow (i32.const 1))) (br 0))") },
  { name: "random-flood", text: main("(loop (drop (call $random (i32.const 0) (i32.const 60000))) (br 0))") },
  {
    name: "random-megabytes",
    text: main(
      "(loop (drop (call $random (i32.const 0) (i32.const 60000000))) (br 0))",
      "",
      '(memory (export "memory") 1000)',
    ),
  },
  {
    name: "random-gigabyte",
    memory: `${gib}GiB`,
    text: main(
      "(loop (drop (call $random (i32.const 0) (i32.const 1000000000))) (br 0))",
      "",
      '(memory (export "memory") 16000)',
    ),
  },
  {
    name: "poll-flood",
    text: main(
      "(loop (drop (call $poll (i32.const 0) (i32.const 50000000) (i32.const 1000000) (i32.const 99999996))) (br 0))",
      "",
      '(memory (export "memory") 1600)',
    ),
  },
  {
    name: "poll-as-many-as-may-be",
    text: main(
      "(loop (drop (call $poll (i32.const 0) (i32.const 1000000) (i32.const 20000) (i32.const 1999996))) (br 0))",
      "",
      '(memory (export "memory") 100)',
    ),
  },
  {
    name: "path-flood",
    mount: true,
    text: main(
      `(loop (drop ${openPath}) (br 0))`,
      `(data (i32.const 0) "${"./".repeat(2000)}x") (global $length i32 (i32.const 4001))`,
    ),
  },
  {
    name: "open-files",
    mount: true,
    text: main(`(loop (drop ${openPath}) (br 0))`, '(data (i32.const 0) "file") (global $length i32 (i32.const 4))'),
  },
  {
    name: "log-flood",
    text: main(
      "(i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 60000)) (loop (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0))",
    ),
  },
  {
    name: "log-lines",
    text: main(
      "(memory.fill (i32.const 16) (i32.const 10) (i32.const 60000)) (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 60000)) (loop (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0))",
    ),
  },
  {
    name: "log-megabytes",
    text: main(
      "(i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 60000000)) (loop (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0))",
      "",
      '(memory (export "memory") 1000)',
    ),
  },
  {
    name: "recursion-with-host-calls",
    text: main("(call $r)", "(func $r (drop (call $random (i32.const 0) (i32.const 16))) (call $r))"),
  },
  {
    name: "recursion-with-host-calls-that-wait",
    text: main("(call $r)", "(func $r (drop (call $yield)) (call $r))"),
  },
  {
    name: "sockets",
    text: main("(loop (drop (call $socket (i32.const 1) (i32.const 2) (i32.const 64))) (br 0))"),
  },
  {
    name: "spin-at-start",
    text: '(memory (export "memory") 1) (func $s (loop (br 0))) (start $s) (func (export "_start"))',
    refused: /^deploy\.(trapped|exited|not-listening)$|^limit\./,
  },
  {
    name: "many-memories",
    text: `(memory (export "memory") 1) ${"(memory 1)".repeat(1000)} (func (export "_start"))`,
    refused: /^module\.cap-memories$/,
    services: 16,
  },
  {
    name: "memories-up-to-the-cap",
    text: main(
      "(loop (drop (memory.grow $a (i32.const 1))) (drop (memory.grow $b (i32.const 1))) (drop (memory.grow $c (i32.const 1))) (br 0))",
      "(memory $a 1) (memory $b 1) (memory $c 1)",
    ),
    services: 16,
  },
  {
    name: "many-tables",
    text: `(memory (export "memory") 1) ${"(table 10000000 funcref)".repeat(50)} (func (export "_start"))`,
    refused: /^module\.cap-tables$/,
  },
  {
    name: "many-exports",
    text: `(memory (export "memory") 1) (func $f (export "_start")) ${Array.from({ length: 25_000 }, (_, i) => `(export "${i}" (func $f))`).join("")}`,
    refused: /^module\.cap-exports$/,
  },
  { name: "deep-nesting", text: main(`${"(loop ".repeat(500)}(br 499)${")".repeat(500)}`) },
];
