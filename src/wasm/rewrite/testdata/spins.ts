// Guests that never end, or not for years, one for each way to keep a processor busy. Each exports `spin`.

const count = "(global.set $x (i32.add (global.get $x) (i32.const 1)))";
const global = "(global $x (mut i32) (i32.const 0))";
const body = (text: string, around = "") => `(module ${around} (func (export "spin") ${text}))`;
const lines = (from: number, to: number, line: (i: number) => string) =>
  Array.from({ length: to - from }, (_, i) => line(from + i)).join("\n");

/** A load that the one before it says where. */
const miss = "(local.set $i (i32.load (i32.and (local.get $i) (i32.const 0x3fffffc))))";

export const spins: Readonly<Record<string, string>> = {
  "an empty loop": body("(loop $l (br $l))"),
  "a loop that counts": body(`(local $i i64) (loop $l (local.set $i (i64.add (local.get $i) (i64.const 2)))
    (br_if $l (i64.ne (local.get $i) (i64.const 1))))`),
  "a loop with parameters": body(
    "(drop (i32.const 5) (loop $l (param i32) (result i32) (i32.const 1) (i32.add) (br $l)))",
  ),
  "nested loops": body(`(local $i i32) (loop $a (local.set $i (i32.const 1000))
    (loop $b (br_if $b (local.tee $i (i32.sub (local.get $i) (i32.const 1))))) (br $a))`),
  "nested loops, the inner one not taken": body(`(local $i i32)
    (loop $a (loop $b (br_if $a (i32.eqz (local.get $i))) (br_if $b (local.get $i))) (br $a))`),
  "a br_table": body(`(local $i i32) (loop $l (block $x (br_table $x $l $l
    (i32.and (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 0)))) (br $l))`),
  "a dispatcher": body(`(local $p i32) (loop $l (block $b1 (block $b0 (br_table $b0 $b1 (local.get $p)))
    (local.set $p (i32.const 1)) (br $l)) (local.set $p (i32.const 0)) (br $l))`),
  "a dispatcher that jumps to itself": body(`(local $p i32) (loop $l (block $b1 (block $b0
    (br_table $l $b0 $b1 (local.get $p)))))`),
  "a dispatcher that stays where it is": body(`(local $p i32) (loop $l (block $b1 (block $b0
    (br_table $b0 $b1 (local.get $p))) (local.set $p (i32.const 0)) (br $l)))`),
  "a dispatcher whose local is not the one that is set": body(`(local $p i32) (local $q i32)
    (loop $l (block $b1 (block $b0 (br_table $b0 $b1 (local.get $p))) (local.set $q (i32.const 1)) (br $l)))`),
  "a dispatcher reached by another way": body(`(local $p i32) (loop $l (block $b1 (block $b0
    (br_table $b0 $b1 (local.get $p))) (br_if $l (i32.const 1)) (local.set $p (i32.const 1)) (br $l)))`),
  "a dispatcher reached by an exception": body(
    `(local $p i32) (loop $l (block $b1 (block $b0 (br_table $b0 $b1 (local.get $p)))
      (try_table (catch $e $l) (throw $e))))`,
    "(tag $e)",
  ),
  "dispatchers in each other": body(`(local $p i32) (local $q i32)
    (loop $l (block $b1 (block $b0 (br_table $b0 $b1 (local.get $p)))
      (loop $m (block $c1 (block $c0 (br_table $c0 $c1 (local.get $q))) (local.set $p (i32.const 0)) (br $l)))
      (local.set $p (i32.const 1)) (br $l)))`),
  "cache misses": body(
    `(local $i i32) (loop $l (local.set $i (i32.and (i32.add (i32.mul (i32.add (local.get $i)
      (i32.load (local.get $i))) (i32.const 1664525)) (i32.const 1013904223)) (i32.const 0x3fffffc)))
      (i32.store (local.get $i) (i32.add (local.get $i) (i32.const 3))) (br $l))`,
    "(memory 1024)",
  ),
  "a loop of calls": `(module ${global} (func $f ${count}) (func (export "spin") (loop $l (call $f) (br $l))))`,
  "a loop of indirect calls": `(module ${global} (table 1 1 funcref) (elem (i32.const 0) $f) (func $f ${count})
    (func (export "spin") (loop $l (call_indirect (i32.const 0)) (br $l))))`,
  "a loop of calls to the host": `(module (import "host" "nothing" (func $f))
    (func (export "spin") (loop $l (call $f) (br $l))))`,
  "a loop in a function that a loop calls": `(module (func $f (param $n i32)
    (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "spin") (loop $l (call $f (i32.const 60)) (br $l))))`,
  "recursion down two branches": `(module (func $fib (param i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
        (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
    (func (export "spin") (drop (call $fib (i32.const 90)))))`,
  "mutual recursion": `(module ${global}
    (func $a (param i32) ${count} (if (local.get 0) (then (call $b (i32.sub (local.get 0) (i32.const 1)))
      (call $b (i32.sub (local.get 0) (i32.const 1))))))
    (func $b (param i32) (if (local.get 0) (then (call $a (i32.sub (local.get 0) (i32.const 1)))
      (call $a (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "spin") (call $a (i32.const 90))))`,
  "indirect recursion": `(module (type $t (func (param i32))) (table 1 1 funcref) (elem (i32.const 0) $a)
    (func $a (type $t) (if (local.get 0) (then
      (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))
      (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))))
    (func (export "spin") (call $a (i32.const 90))))`,
  "recursion by reference": `(module (type $t (func (param i32))) (elem declare func $a)
    (func $a (type $t) (if (local.get 0) (then
      (call_ref $t (i32.sub (local.get 0) (i32.const 1)) (ref.func $a))
      (call_ref $t (i32.sub (local.get 0) (i32.const 1)) (ref.func $a)))))
    (func (export "spin") (call $a (i32.const 90))))`,
  "recursion of a large cycle": `(module
    ${lines(
      0,
      40,
      (i) => `(func $f${i} (param i32) (if (local.get 0) (then
      (call $f${(i + 1) % 40} (i32.sub (local.get 0) (i32.const 1)))
      (call $f${(i + 1) % 40} (i32.sub (local.get 0) (i32.const 1))))))`,
    )}
    (func (export "spin") (call $f0 (i32.const 90))))`,
  "tail calls": '(module (func $a (return_call $b)) (func $b (return_call $a)) (func (export "spin") (call $a)))',
  "a tail call to itself": '(module (func $a (return_call $a)) (func (export "spin") (call $a)))',
  "indirect tail calls": `(module (table 1 1 funcref) (elem (i32.const 0) $a)
    (func $a (return_call_indirect (i32.const 0))) (func (export "spin") (call $a)))`,
  "tail calls by reference": `(module (type $t (func)) (elem declare func $a)
    (func $a (type $t) (return_call_ref $t (ref.func $a))) (func (export "spin") (call $a)))`,
  "a graph of calls without a cycle": `(module ${global} (func $f0 ${count})
    ${lines(1, 64, (i) => `(func $f${i} (call $f${i - 1}) (call $f${i - 1}))`)}
    (func (export "spin") (call $f63)))`,
  "a graph of calls with branches": `(module ${global} (func $f0 ${count})
    ${lines(1, 64, (i) => `(func $f${i} (block $b (br_if $b (i32.eqz (i32.const 1))) (call $f${i - 1})) (call $f${i - 1}))`)}
    (func (export "spin") (call $f63)))`,
  "a graph of indirect calls": `(module ${global} (table 64 64 funcref)
    (elem (i32.const 0) func ${lines(0, 64, (i) => `$f${i}`)})
    (func $f0 ${count})
    ${lines(1, 64, (i) => `(func $f${i} (call_indirect (i32.const ${i - 1})) (call_indirect (i32.const ${i - 1})))`)}
    (func (export "spin") (call $f63)))`,
  "deep recursion whose end does much": `(module ${global}
    (func $work ${lines(0, 3000, () => count)})
    (func $deep (param i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1)))))
      (call $work) (call $work))
    (func (export "spin") (loop $l (call $deep (i32.const 5000)) (br $l))))`,
  "chains of recursion one after the other": `(module ${global}
    (func $deep (param i32) ${count} (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))))
    (func $many ${lines(0, 200, () => "(call $deep (i32.const 5000))")})
    (func (export "spin") (loop $l (call $many) (br $l))))`,
  "long code that steps over every check": `(module ${global} (memory 1024)
    (func $long (param i32) (local $i i32)
      ${lines(0, 1500, () => `(block $b (br_if $b (local.get 0)) (nop)) ${lines(0, 8, () => miss)}`)})
    (func (export "spin") (loop $l (call $long (i32.const 1)) (br $l))))`,
  "exceptions in a loop": body("(loop $l (block $b (try_table (catch $e $b) (throw $e))) (br $l))", "(tag $e)"),
  "exceptions caught by the loop": body("(loop $l (try_table (catch $e $l) (throw $e)))", "(tag $e)"),
  "exceptions in a loop, legacy": body("(loop $l (try (do (throw $e)) (catch $e)) (br $l))", "(tag $e)"),
  "a catch_all around a loop in a loop": body(
    "(loop $out (block $b (try_table (catch_all $b) (loop $l (br $l)))) (br $out))",
  ),
  "a catch_all around a loop in a loop, legacy": body("(loop $out (try (do (loop $l (br $l))) (catch_all)) (br $out))"),
  "filling memory": body(
    "(loop $l (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x7fff0000)) (br $l))",
    "(memory 32768)",
  ),
  "filling memory, a little less than a piece": body(
    "(loop $l (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x10000)) (br $l))",
    "(memory 1)",
  ),
  "copying memory": body(
    "(loop $l (memory.copy (i32.const 64) (i32.const 0) (i32.const 0x3fff0000)) (br $l))",
    "(memory 16384)",
  ),
  "copying memory of 64 bits": body(
    "(loop $l (memory.copy (i64.const 64) (i64.const 0) (i64.const 0x3fff0000)) (br $l))",
    "(memory i64 16384)",
  ),
  "copying memory in a line": body(
    lines(0, 300, () => "(memory.copy (i32.const 64) (i32.const 0) (i32.const 0x3fff0000))"),
    "(memory 16384)",
  ),
  "filling a table": body(
    "(loop $l (table.fill 0 (i32.const 0) (ref.null func) (i32.const 200000)) (br $l))",
    "(table 200000 200000 funcref)",
  ),
  "copying a table": body(
    "(loop $l (table.copy 0 0 (i32.const 1) (i32.const 0) (i32.const 199999)) (br $l))",
    "(table 200000 200000 funcref)",
  ),
  "growing memory": body("(loop $l (drop (memory.grow (i32.const 0))) (br $l))", "(memory 1)"),
  "growing a table": body(
    "(loop $l (drop (table.grow 0 (ref.null func) (i32.const 10))) (br $l))",
    "(table 10 funcref)",
  ),
  "making structures": body("(loop $l (drop (struct.new $s (i32.const 1))) (br $l))", "(type $s (struct (field i32)))"),
  "making arrays": body(
    "(loop $l (drop (array.new $a (i64.const 1) (i32.const 0x3ffff0))) (br $l))",
    "(type $a (array (mut i64)))",
  ),
  "filling an array": body(
    `(local $a (ref null $a)) (local.set $a (array.new_default $a (i32.const 0x3ffff0)))
     (loop $l (array.fill $a (local.get $a) (i32.const 0) (i64.const 1) (i32.const 0x3ffff0)) (br $l))`,
    "(type $a (array (mut i64)))",
  ),
  "copying an array": body(
    `(local $a (ref null $a)) (local.set $a (array.new_default $a (i32.const 0x3ffff0)))
     (loop $l (array.copy $a $a (local.get $a) (i32.const 1) (local.get $a) (i32.const 0) (i32.const 0x3fffe0)) (br $l))`,
    "(type $a (array (mut i64)))",
  ),
};
