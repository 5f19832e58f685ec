/**
 * One small program for each way to hurt a host, in WebAssembly text. Each listens first (so that its deploy succeeds) and
 * attacks at its first connection, unless it attacks before.
 */
export interface Attack {
  readonly name: string;
  /** What follows `(module` and the imports and memory below. */
  readonly text: string;
  /** It never comes to listen: the deploy itself must be refused or given up. */
  readonly atStart?: boolean;
}

/** Waits for a connection on descriptor 3: an AGAIN-free blocking accept. */
const accept = "(drop (call $accept (i32.const 3) (i32.const 0) (i32.const 64)))";

export function moduleText({ text }: Attack): string {
  return `(module
    (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    ${text})`;
}

function main(body: string, more = "", memory = '(memory (export "memory") 1)'): string {
  return `${memory} ${more} (func (export "_start") ${accept} ${body})`;
}

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
  { name: "memory-grow", text: main("(loop (drop (memory.grow (i32.const 1))) (br 0))") },
  { name: "random-flood", text: main("(loop (drop (call $random (i32.const 0) (i32.const 60000))) (br 0))") },
  { name: "random-gigabyte", text: main("(loop (drop (call $random (i32.const 0) (i32.const 1000000000))) (br 0))") },
  {
    name: "poll-flood",
    text: main("(loop (drop (call $poll (i32.const 0) (i32.const 0) (i32.const 1000000) (i32.const 0))) (br 0))"),
  },
  {
    name: "path-flood",
    text: main(
      "(loop (drop (call $open (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 60000) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0))) (br 0))",
    ),
  },
  {
    name: "log-flood",
    text: main(
      "(i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 60000)) (loop (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0))",
    ),
  },
  {
    name: "spin-at-start",
    text: '(memory (export "memory") 1) (func $s (loop (br 0))) (start $s) (func (export "_start"))',
    atStart: true,
  },
  {
    name: "many-memories",
    text: `(memory (export "memory") 1) ${"(memory 1)".repeat(1000)} (func (export "_start"))`,
    atStart: true,
  },
  {
    name: "many-tables",
    text: `(memory (export "memory") 1) ${"(table 10000000 funcref)".repeat(50)} (func (export "_start"))`,
    atStart: true,
  },
];
