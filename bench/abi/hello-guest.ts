// The calls of a small handler: what a hello over wasi:http does, on an interface of its own so that all glue has the same host.

export const wit = `package bench:hello;
interface types {
  variant error { timeout(option<u32>), refused, internal(option<string>) }
  resource fields {
    constructor();
    set: func(name: string, value: list<u8>) -> result<_, error>;
  }
  resource request { path: func() -> option<string>; }
  resource response {
    constructor(headers: fields);
    set-status: func(code: u16) -> result;
    body: func() -> result<body>;
  }
  resource body {
    write: func() -> result<output>;
    finish: static func(this: body, trailers: option<fields>) -> result<_, error>;
  }
  resource output {
    check-write: func() -> result<u64, error>;
    write: func(contents: list<u8>) -> result<_, error>;
    blocking-write-and-flush: func(contents: list<u8>) -> result<_, error>;
  }
  resource outparam { set: static func(param: outparam, response: result<response, error>); }
}
interface handler {
  use types.{request, outparam};
  handle: func(request: request, out: outparam);
}
world w { import types; export handler; }
`;

/** How often the handler calls the host. */
export const callsEach = 15;

export const module = `(module
  (import "bench:hello/types" "[constructor]fields" (func $fields (result i32)))
  (import "bench:hello/types" "[method]fields.set" (func $set (param i32 i32 i32 i32 i32 i32)))
  (import "bench:hello/types" "[method]request.path" (func $path (param i32 i32)))
  (import "bench:hello/types" "[constructor]response" (func $response (param i32) (result i32)))
  (import "bench:hello/types" "[method]response.set-status" (func $status (param i32 i32) (result i32)))
  (import "bench:hello/types" "[method]response.body" (func $body (param i32 i32)))
  (import "bench:hello/types" "[method]body.write" (func $write-body (param i32 i32)))
  (import "bench:hello/types" "[static]body.finish" (func $finish (param i32 i32 i32 i32)))
  (import "bench:hello/types" "[method]output.check-write" (func $check (param i32 i32)))
  (import "bench:hello/types" "[method]output.write" (func $write (param i32 i32 i32 i32)))
  (import "bench:hello/types" "[method]output.blocking-write-and-flush" (func $flush (param i32 i32 i32 i32)))
  (import "bench:hello/types" "[static]outparam.set" (func $out (param i32 i32 i32 i32 i32 i32)))
  (import "bench:hello/types" "[resource-drop]request" (func $drop-request (param i32)))
  (import "bench:hello/types" "[resource-drop]output" (func $drop-output (param i32)))
  (memory (export "memory") 2)
  (data (i32.const 16) "content-typetext/plainHello from a guest!\\n")
  (global $top (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.sub (local.get 2) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get 2))))
    (global.set $top (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "bench:hello/handler#handle") (param $request i32) (param $outparam i32)
    (local $headers i32) (local $response i32) (local $body i32) (local $stream i32)
    (global.set $top (i32.const 1024))
    (call $path (local.get $request) (i32.const 512))
    (local.set $headers (call $fields))
    (call $set (local.get $headers) (i32.const 16) (i32.const 12) (i32.const 28) (i32.const 10) (i32.const 512))
    (local.set $response (call $response (local.get $headers)))
    (drop (call $status (local.get $response) (i32.const 200)))
    (call $body (local.get $response) (i32.const 512))
    (local.set $body (i32.load (i32.const 516)))
    (call $out (local.get $outparam) (i32.const 0) (local.get $response) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $write-body (local.get $body) (i32.const 512))
    (local.set $stream (i32.load (i32.const 516)))
    (call $check (local.get $stream) (i32.const 512))
    (call $write (local.get $stream) (i32.const 38) (i32.const 20) (i32.const 512))
    (call $flush (local.get $stream) (i32.const 38) (i32.const 20) (i32.const 512))
    (call $drop-output (local.get $stream))
    (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 512))
    (call $drop-request (local.get $request))))`;
