/** What the core module of {@link handlerText} may call, as WAT: the host's function by its name and its core signature. */
const calls = {
  "get-random-u64": ["wasi:random/random@0.2.0", "(result u64)", "(result i64)"],
  now: ["wasi:clocks/monotonic-clock@0.2.0", "(result u64)", "(result i64)"],
  exit: ["wasi:cli/exit@0.2.0", '(param "status" (result))', "(param i32)"],
} as const;

export interface HandlerText {
  /** Instructions that its start function runs. */
  readonly start?: string;
  /** Instructions of its handler; locals 0 and 1 are the handles of the request and of the way to answer. */
  readonly handle?: string;
  /** Fields of the core module. */
  readonly more?: string;
}

/**
 * A component that exports `wasi:http/incoming-handler`, as text. Its core module has a memory of one page, `$count` (a mutable i32) and the functions `$get-random-u64`,
 * `$now`, `$exit`, `$get-stdin`, `$get-stdout`, `$drop-stream`, `$drop-request`, `$drop-out` and `$sleep`, which waits for so many nanoseconds.
 */
export function handlerText({ start = "", handle = "", more = "" }: HandlerText): string {
  const names = Object.keys(calls) as (keyof typeof calls)[];
  const imports = names.map((name) => {
    const [from, type] = calls[name];
    return `(import "${from}" (instance $i-${name} (export "${name}" (func ${type}))))
      (core func $${name} (canon lower (func $i-${name} "${name}")))`;
  });
  return `(component
    (import "wasi:io/poll@0.2.0" (instance $poll
      (export "pollable" (type $pollable (sub resource)))
      (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
    (alias export $poll "pollable" (type $pollable))
    (import "wasi:io/streams@0.2.0" (instance $streams
      (export "output-stream" (type (sub resource))) (export "input-stream" (type (sub resource)))))
    (alias export $streams "output-stream" (type $stream))
    (alias export $streams "input-stream" (type $input))
    (import "wasi:cli/stdin@0.2.0" (instance $stdin
      (alias outer 1 $input (type $stream)) (export "input-stream" (type $in (eq $stream)))
      (export "get-stdin" (func (result (own $in))))))
    (core func $get-stdin (canon lower (func $stdin "get-stdin")))
    (import "wasi:cli/stdout@0.2.0" (instance $stdout
      (alias outer 1 $stream (type $stream)) (export "output-stream" (type $out (eq $stream)))
      (export "get-stdout" (func (result (own $out))))))
    (import "wasi:http/types@0.2.0" (instance $http
      (export "incoming-request" (type (sub resource))) (export "response-outparam" (type (sub resource)))))
    (alias export $http "incoming-request" (type $request))
    (alias export $http "response-outparam" (type $outparam))
    ${imports.join("\n")}
    (import "wasi:clocks/monotonic-clock@0.2.1" (instance $timer
      (alias outer 1 $pollable (type $p)) (export "pollable" (type $p2 (eq $p)))
      (export "subscribe-duration" (func (param "when" u64) (result (own $p2))))))
    (core func $subscribe (canon lower (func $timer "subscribe-duration")))
    (core func $block (canon lower (func $poll "[method]pollable.block")))
    (core func $drop-pollable (canon resource.drop $pollable))
    (core func $drop-stream (canon resource.drop $stream))
    (core func $get-stdout (canon lower (func $stdout "get-stdout")))
    (core func $drop-request (canon resource.drop $request))
    (core func $drop-out (canon resource.drop $outparam))
    (core module $M
      ${names.map((name) => `(import "h" "${name}" (func $${name} ${calls[name][2]}))`).join("\n")}
      (import "h" "subscribe" (func $subscribe (param i64) (result i32)))
      (import "h" "block" (func $block (param i32)))
      (import "h" "drop-pollable" (func $drop-pollable (param i32)))
      (import "h" "drop-stream" (func $drop-stream (param i32)))
      (import "h" "get-stdin" (func $get-stdin (result i32)))
      (import "h" "get-stdout" (func $get-stdout (result i32)))
      (import "h" "drop-request" (func $drop-request (param i32)))
      (import "h" "drop-out" (func $drop-out (param i32)))
      (memory (export "memory") 1 4)
      (global $count (mut i32) (i32.const 0))
      (func $sleep (param i64) (local i32)
        (local.set 1 (call $subscribe (local.get 0)))
        (call $block (local.get 1))
        (call $drop-pollable (local.get 1)))
      ${more}
      (func $start ${start})
      (start $start)
      (func (export "handle") (param i32 i32) ${handle}))
    (core instance $m (instantiate $M (with "h" (instance
      ${[
        ...names,
        "subscribe",
        "block",
        "drop-pollable",
        "drop-stream",
        "get-stdin",
        "get-stdout",
        "drop-request",
        "drop-out",
      ]
        .map((name) => `(export "${name}" (func $${name}))`)
        .join(" ")}))))
    (func $handle (param "request" (own $request)) (param "response-out" (own $outparam))
      (canon lift (core func $m "handle")))
    (instance $handler (export "handle" (func $handle)))
    (export "wasi:http/incoming-handler@0.2.0" (instance $handler)))`;
}
