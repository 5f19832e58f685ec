/** What wit-component makes of a core module whose imports need its memory: a shim before it, a fixup after it. */
export const withShim = `(component
  (import "test:io/out@0.2.3" (instance $out
    (export "write" (func (param "text" string)))
    (export "count" (func (result u32)))
  ))
  (core module $Main
    (import "test:io/out@0.2.3" "write" (func $write (param i32 i32)))
    (import "test:io/out@0.2.3" "count" (func $count (result i32)))
    (memory (export "memory") 1)
    (func (export "run") (result i32) (call $write (i32.const 0) (i32.const 2)) (call $count))
  )
  (core module $Shim
    (type $t (func (param i32 i32)))
    (table $imports 1 1 funcref)
    (export "$imports" (table $imports))
    (func (export "0") (type $t) (call_indirect (type $t) (local.get 0) (local.get 1) (i32.const 0)))
  )
  (core module $Fixup
    (type $t (func (param i32 i32)))
    (import "actual" "0" (func (type $t)))
    (import "shim" "$imports" (table 1 1 funcref))
    (elem (i32.const 0) func 0)
  )
  (core instance $shim (instantiate $Shim))
  (alias core export $shim "0" (core func $late))
  (core func $count (canon lower (func $out "count")))
  (core instance $main (instantiate $Main (with "test:io/out@0.2.3" (instance
    (export "write" (func $late))
    (export "count" (func $count))))))
  (alias core export $main "memory" (core memory $memory))
  (core func $write (canon lower (func $out "write") (memory $memory)))
  (core instance (instantiate $Fixup
    (with "actual" (instance (export "0" (func $write))))
    (with "shim" (instance $shim))))
  (func $run (result u32) (canon lift (core func $main "run")))
  (instance $exported (export "run" (func $run)))
  (export "test:io/main@0.2.3" (instance $exported))
)`;

/** Two components in one, as wac composes them: the one's exports are the other's imports, and both import from the host. */
export const wacked = `(component
  (import "test:io/log@0.2.0" (instance $log (export "log" (func (param "text" string)))))
  (component $Store
    (import "test:io/log@0.2.0" (instance $log (export "log" (func (param "text" string)))))
    (core module $M
      (import "log" "log" (func $log (param i32 i32)))
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8))
      (func (export "new") (result i32) (i32.const 7))
      (func (export "get") (param i32) (result i32) (local.get 0))
      (func (export "drop") (param i32))
    )
    (core module $Libc (memory (export "memory") 1))
    (core instance $libc (instantiate $Libc))
    (core func $lowered (canon lower (func $log "log") (memory (core memory $libc "memory"))))
    (core instance $m (instantiate $M (with "log" (instance (export "log" (func $lowered))))))
    (type $Bucket' (resource (rep i32) (dtor (core func $m "drop"))))
    (core func $new (canon resource.new $Bucket'))
    (export $Bucket "bucket" (type $Bucket'))
    (func $make (result (own $Bucket)) (canon lift (core func $m "new")))
    (func $get (param "self" (borrow $Bucket)) (result u32) (canon lift (core func $m "get")))
    (export "[constructor]bucket" (func $make))
    (export "[method]bucket.get" (func $get))
  )
  (component $App
    (import "bucket" (type $Bucket (sub resource)))
    (import "[constructor]bucket" (func $make (result (own $Bucket))))
    (import "[method]bucket.get" (func $get (param "self" (borrow $Bucket)) (result u32)))
    (core module $M
      (import "store" "make" (func $make (result i32)))
      (import "store" "get" (func $get (param i32) (result i32)))
      (import "store" "drop" (func $drop (param i32)))
      (func (export "run") (result i32) (local i32)
        (local.set 0 (call $make))
        (call $get (local.get 0))
        (call $drop (local.get 0)))
    )
    (core func $make (canon lower (func $make)))
    (core func $get (canon lower (func $get)))
    (core func $drop (canon resource.drop $Bucket))
    (core instance $m (instantiate $M (with "store" (instance
      (export "make" (func $make)) (export "get" (func $get)) (export "drop" (func $drop))))))
    (func (export "run") (result u32) (canon lift (core func $m "run")))
  )
  (instance $one (instantiate $Store (with "test:io/log@0.2.0" (instance $log))))
  (instance $two (instantiate $Store (with "test:io/log@0.2.0" (instance $log))))
  (instance $app (instantiate $App
    (with "bucket" (type $two "bucket"))
    (with "[constructor]bucket" (func $two "[constructor]bucket"))
    (with "[method]bucket.get" (func $two "[method]bucket.get"))))
  (export "run" (func $app "run"))
)`;
