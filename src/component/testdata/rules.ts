/** A core module of which tests lift and lower functions. */
const core = `
  (core module $M
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "void"))
    (func (export "one") (param i32))
    (func (export "get") (result i32) unreachable)
    (func (export "map") (param i32) (result i32) unreachable)
    (func (export "two") (param i32 i32))
    (func (export "wide") (param i64))
  )
  (core instance $m (instantiate $M))
  (alias core export $m "memory" (core memory $memory))
  (alias core export $m "realloc" (core func $realloc))
  (alias core export $m "void" (core func $void))
  (alias core export $m "one" (core func $one))
  (alias core export $m "get" (core func $get))
  (alias core export $m "map" (core func $map))
  (alias core export $m "two" (core func $two))
  (alias core export $m "wide" (core func $wide))
`;

const component = (text: string) => `(component ${core} ${text})`;
const plain = (text: string) => `(component ${text})`;

/** A component with a resource of its own and what may be done with it. */
const counter = `
  (component $Counter
    (core module $M
      (func (export "new") (result i32) unreachable)
      (func (export "value") (param i32) (result i32) unreachable)
      (func (export "drop") (param i32))
    )
    (core instance $m (instantiate $M))
    (type $Counter' (resource (rep i32) (dtor (core func $m "drop"))))
    (export $Counter "counter" (type $Counter'))
    (core func $new (canon resource.new $Counter'))
    (core func $rep (canon resource.rep $Counter'))
    (core func $drop (canon resource.drop $Counter'))
    (func $make (result (own $Counter)) (canon lift (core func $m "new")))
    (func $value (param "self" (borrow $Counter)) (result u32) (canon lift (core func $m "value")))
    (export "[constructor]counter" (func $make))
    (export "[method]counter.value" (func $value))
  )
`;

/** Components that keep the rules, each with what it shows. */
export const accepted: readonly (readonly [name: string, text: string])[] = [
  ["a component of nothing", "(component)"],
  [
    "a lift whose core function has the flattened type",
    component(`(func (param "a" u8) (result bool) (canon lift (core func $map)))`),
  ],
  [
    "a lift of a string with memory and realloc",
    component(`(func (param "a" string) (canon lift (core func $two) (memory $memory) (realloc $realloc)))`),
  ],
  [
    "a lift with a post-return of what it returns",
    component(`(func (result string) (canon lift (core func $get) (memory $memory) (post-return $one)))`),
  ],
  [
    "more than sixteen flat parameters by reference",
    component(
      `(func (param "a" (tuple ${"u8 ".repeat(17)})) (canon lift (core func $one) (memory $memory) (realloc $realloc)))`,
    ),
  ],
  [
    "a lower of a list with memory",
    component(`(import "f" (func $f (param "a" (list u8)))) (core func (canon lower (func $f) (memory $memory)))`),
  ],
  [
    "a lower of a result that is a string",
    component(
      `(import "f" (func $f (result string))) (core func (canon lower (func $f) (memory $memory) (realloc $realloc) string-encoding=utf16))`,
    ),
  ],
  [
    "a resource with destructor, constructor and method",
    plain(`${counter} (instance $c (instantiate $Counter)) (export "c" (instance $c))`),
  ],
  [
    "a resource that is passed on under the type of an import",
    plain(`
    ${counter}
    (component $User
      (import "counter" (instance $i
        (export "counter" (type $c (sub resource)))
        (export "[constructor]counter" (func (result (own $c))))))
      (alias export $i "counter" (type $c))
      (core func (canon resource.drop $c))
      (core func (canon lower (func $i "[constructor]counter")))
    )
    (instance $c (instantiate $Counter))
    (instance (instantiate $User (with "counter" (instance $c))))`),
  ],
  [
    "an instance that gives more than is wanted",
    component(`
    (component $C (import "i" (instance (export "f" (func)))))
    (func $f (canon lift (core func $void)))
    (instance $i (export "f" (func $f)) (export "g" (func $f)))
    (instance (instantiate $C (with "i" (instance $i))))`),
  ],
  [
    "an outer alias of a type without resources",
    plain(`(type $t (record (field "a" u8))) (component (alias outer 1 $t (type $u)) (export "t" (type $u)))`),
  ],
  [
    "an outer alias of a component and of a core module",
    plain(`
    (core module $M) (component $C)
    (component $D
      (alias outer 1 $C (component $c)) (alias outer 1 $M (core module $m))
      (instance (instantiate $c)) (core instance (instantiate $m)))
    (instance (instantiate $D))`),
  ],
  [
    "a core module as an argument",
    plain(`
    (core module $M (func (export "f") (param i32)))
    (component $C
      (import "m" (core module $m (export "f" (func (param i32)))))
      (core instance $i (instantiate $m))
      (func (param "a" u8) (canon lift (core func $i "f"))))
    (instance (instantiate $C (with "m" (core module $M))))`),
  ],
  [
    "a component as an argument",
    component(`
    (component $Inner (import "f" (func (result u8))) (export "g" (func 0)))
    (component $Outer
      (import "c" (component $c (import "f" (func (result u8))) (export "g" (func (result u8)))))
      (import "f" (func $f (result u8)))
      (instance $i (instantiate $c (with "f" (func $f))))
      (export "g" (func $i "g")))
    (func $f (result u8) (canon lift (core func $get)))
    (instance (instantiate $Outer (with "c" (component $Inner)) (with "f" (func $f))))`),
  ],
  [
    "core instances made of single items",
    component(`
    (core module $N (import "a" "f" (func (param i32))) (import "a" "memory" (memory 1)))
    (core instance (instantiate $N (with "a" (instance (export "f" (func $one)) (export "memory" (memory $memory))))))`),
  ],
  [
    "an export with a type that says less",
    component(`
    (func $f (canon lift (core func $void)))
    (instance $i (export "f" (func $f)) (export "g" (func $f)))
    (export "i" (instance $i) (instance (export "f" (func))))`),
  ],
  [
    "a record that an import has named",
    plain(`
    (import "i" (instance $i (type $r' (record (field "a" u8))) (export "r" (type $r (eq $r')))))
    (alias export $i "r" (type $r))
    (import "f" (func (param "a" $r)))`),
  ],
  ["thirty-two flags", plain(`(type (flags ${Array.from({ length: 32 }, (_, i) => `"f${i}"`).join(" ")}))`)],
  [
    "names that differ only in their annotation",
    plain(`
    (import "i" (instance
      (export "foo" (type $r (sub resource)))
      (export "foo-bar" (func))
      (export "[constructor]foo" (func (result (own $r))))
      (export "[method]foo.bar" (func (param "self" (borrow $r))))
      (export "[static]foo.baz" (func))))`),
  ],
  [
    "attributes of names",
    plain(`
    (import "a" (implements "test:io/log@1.0.0") (external-id "x y") (instance))
    (import "test:io/log@0.2" (versionsuffix ".3") (instance))`),
  ],
];

/** Components that break a rule, with the code of the error. */
export const refused: readonly (readonly [name: string, code: string, text: string])[] = [
  // Indices and sorts.
  ["a type index that nothing has", "component.index", plain(`(import "f" (func (type 3)))`)],
  ["an instance index that nothing has", "component.index", plain(`(alias export 2 "f" (func))`)],
  ["a core function index that nothing has", "component.index", component(`(func (canon lift (core func 99)))`)],
  ["a type of a function where one of values is wanted", "component.index", plain(`(type $f (func)) (type (list $f))`)],
  [
    "a type of values where one of functions is wanted",
    "component.index",
    plain(`(type $t u8) (import "f" (func (type $t)))`),
  ],
  ["a handle to what is no resource", "component.index", plain(`(type $t u8) (type (own $t))`)],
  [
    "an alias of an export that an instance has not",
    "component.index",
    plain(`(import "i" (instance $i (export "f" (func)))) (alias export $i "g" (func))`),
  ],
  [
    "an alias of an export of another sort",
    "component.index",
    plain(`(import "i" (instance $i (export "f" (func)))) (alias export $i "f" (instance))`),
  ],
  [
    "an alias of an export that a core instance has not",
    "component.index",
    component(`(alias core export $m "none" (core func))`),
  ],
  [
    "an alias of a core export of another sort",
    "component.index",
    component(`(alias core export $m "memory" (core func))`),
  ],
  ["an outer alias past the outermost component", "component.index", plain(`(alias outer 3 0 (type))`)],
  // Names.
  ["an import whose name is not one", "component.name", plain(`(import "A_b" (func))`)],
  ["an interface with a wrong version", "component.name", plain(`(import "a:b/c@1.2" (instance))`)],
  ["two imports of one name", "component.name", plain(`(import "a" (func)) (import "A" (func))`)],
  [
    "two exports of one name",
    "component.name",
    plain(`(import "f" (func $f)) (export "a" (func $f)) (export "A" (func $f))`),
  ],
  ["a label that is not kebab case", "component.name", plain(`(type (record (field "a_b" u8)))`)],
  ["two fields of one name", "component.name", plain(`(type (record (field "a" u8) (field "A" u8)))`)],
  ["two parameters of one name", "component.name", plain(`(type (func (param "a" u8) (param "a" u8)))`)],
  ["two cases of one name", "component.name", plain(`(type (enum "a" "a"))`)],
  [
    "two arguments of one name",
    "component.name",
    plain(
      `(component $C) (import "f" (func $f)) (instance (instantiate $C (with "a" (func $f)) (with "a" (func $f))))`,
    ),
  ],
  [
    "two exports of one name in an instance",
    "component.name",
    plain(`(import "f" (func $f)) (instance (export "a" (func $f)) (export "A" (func $f)))`),
  ],
  [
    "two exports of one name in a core instance",
    "component.name",
    component(`(core instance (export "a" (func $one)) (export "a" (func $one)))`),
  ],
  [
    "a core module that imports one name twice",
    "component.name",
    component(
      `(core module $N (import "a" "f" (func)) (import "a" "f" (func))) (core instance (instantiate $N (with "a" (instance (export "f" (func $void))))))`,
    ),
  ],
  ["a method without its resource", "component.name", plain(`(import "[method]a.b" (func))`)],
  [
    "a method that is not a function",
    "component.name",
    plain(`(import "a" (type (sub resource))) (import "[static]a.b" (instance))`),
  ],
  [
    "two names that bindings would confuse",
    "component.name",
    plain(
      `(import "a" (type $a (sub resource))) (import "[method]a.b" (func (param "self" (borrow $a)))) (import "[static]a.B" (func))`,
    ),
  ],
  // Types.
  [
    "a method that does not take its resource",
    "component.type",
    plain(`(import "a" (type $a (sub resource))) (import "[method]a.b" (func (param "self" (own $a))))`),
  ],
  [
    "a constructor that makes something else",
    "component.type",
    plain(`(import "a" (type $a (sub resource))) (import "[constructor]a" (func (result u8)))`),
  ],
  [
    "a borrowed handle as a result",
    "component.type",
    plain(`(import "a" (type $a (sub resource))) (type (func (result (option (borrow $a)))))`),
  ],
  ["a resource within a type", "component.type", plain(`(type (instance (type (resource (rep i32)))))`)],
  [
    "a record in a function that nothing names",
    "component.type",
    plain(`(type $r (record (field "a" u8))) (import "f" (func (param "a" $r)))`),
  ],
  ["an empty record", "component.malformed", plain(`(type (record))`)],
  ["an empty variant", "component.malformed", plain(`(type (variant))`)],
  ["an empty enum", "component.malformed", plain(`(type (enum))`)],
  ["an empty tuple", "component.malformed", plain(`(type (tuple))`)],
  ["empty flags", "component.malformed", plain(`(type (flags))`)],
  [
    "thirty-three flags",
    "component.malformed",
    plain(`(type (flags ${Array.from({ length: 33 }, (_, i) => `"f${i}"`).join(" ")}))`),
  ],
  // Resources.
  [
    "resource.new of an imported resource",
    "component.resource",
    plain(`(import "a" (type $a (sub resource))) (core func (canon resource.new $a))`),
  ],
  [
    "resource.rep of an imported resource",
    "component.resource",
    plain(`(import "a" (type $a (sub resource))) (core func (canon resource.rep $a))`),
  ],
  [
    "resource.rep of another component's resource",
    "component.resource",
    plain(
      `${counter} (instance $c (instantiate $Counter)) (alias export $c "counter" (type $t)) (core func (canon resource.rep $t))`,
    ),
  ],
  [
    "an outer alias of a resource",
    "component.resource",
    plain(`(type $r (resource (rep i32))) (component (alias outer 1 $r (type)))`),
  ],
  [
    "an outer alias of a type with a resource in it",
    "component.resource",
    plain(`(type $r (resource (rep i32))) (type $f (func (param "a" (own $r)))) (component (alias outer 1 $f (type)))`),
  ],
  [
    "an outer alias of an instance's type with a resource in it",
    "component.resource",
    plain(`
    (type $r (resource (rep i32)))
    (type $i (instance (alias outer 1 $r (type $q)) (export "f" (func (param "a" (own $q))))))
    (component (alias outer 1 $i (type)))`),
  ],
  [
    "an export of a function whose resource nothing names",
    "component.resource",
    component(`
    (type $r (resource (rep i32))) (func $f (param "a" (own $r)) (canon lift (core func $one))) (export "f" (func $f))`),
  ],
  [
    "a resource of one instance for one of another instance",
    "component.mismatch",
    plain(`
    ${counter}
    (component $User
      (import "t" (type $t (sub resource)))
      (import "make" (func (result (own $t)))))
    (instance $a (instantiate $Counter))
    (instance $b (instantiate $Counter))
    (instance (instantiate $User (with "t" (type $a "counter")) (with "make" (func $b "[constructor]counter"))))`),
  ],
  [
    "two imported resources taken for one",
    "component.mismatch",
    plain(`
    (component $Inner
      (import "t" (type $t (sub resource)))
      (import "f" (func (param "a" (own $t)))))
    (component $Outer
      (import "t" (type $t (sub resource)))
      (import "u" (type $u (sub resource)))
      (import "f" (func $f (param "a" (own $u))))
      (instance (instantiate $Inner (with "t" (type $t)) (with "f" (func $f)))))`),
  ],
  [
    "a destructor of another type",
    "component.canonical",
    component(`(type (resource (rep i32) (dtor (core func $void))))`),
  ],
  // Canonical functions.
  [
    "a lift whose core function takes something else",
    "component.canonical",
    component(`(func (param "a" u64) (canon lift (core func $one)))`),
  ],
  [
    "a lift whose core function answers with something else",
    "component.canonical",
    component(`(func (param "a" u8) (result u8) (canon lift (core func $one)))`),
  ],
  [
    "a lift of a string without memory",
    "component.canonical",
    component(`(func (param "a" string) (canon lift (core func $two)))`),
  ],
  [
    "a lift of a string without realloc",
    "component.canonical",
    component(`(func (param "a" string) (canon lift (core func $two) (memory $memory)))`),
  ],
  [
    "a realloc without memory",
    "component.canonical",
    component(`(func (canon lift (core func $void) (realloc $realloc)))`),
  ],
  [
    "a realloc of another type",
    "component.canonical",
    component(`(func (param "a" string) (canon lift (core func $two) (memory $memory) (realloc $one)))`),
  ],
  [
    "a post-return of another type",
    "component.canonical",
    component(`(func (result string) (canon lift (core func $get) (memory $memory) (post-return $two)))`),
  ],
  [
    "a lower with a post-return",
    "component.canonical",
    component(`(import "f" (func $f)) (core func (canon lower (func $f) (post-return $void)))`),
  ],
  [
    "a lower of a string without memory",
    "component.canonical",
    component(`(import "f" (func $f (param "a" string))) (core func (canon lower (func $f)))`),
  ],
  [
    "a lower of a result that is a string without realloc",
    "component.canonical",
    component(`(import "f" (func $f (result string))) (core func (canon lower (func $f) (memory $memory)))`),
  ],
  [
    "a second memory of one function",
    "component.malformed",
    component(`(func (canon lift (core func $void) (memory $memory) (memory $memory)))`),
  ],
  [
    "a second encoding of one function",
    "component.malformed",
    component(`(func (canon lift (core func $void) string-encoding=utf8 string-encoding=utf16))`),
  ],
  [
    "a memory of 64 bits",
    "component.canonical",
    plain(`
    (core module $M (memory (export "memory") i64 1) (func (export "f") (param i32 i32)) (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
    (core instance $m (instantiate $M))
    (func (param "a" string) (canon lift (core func $m "f") (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))`),
  ],
  // Instantiation.
  [
    "a core module without one of its imports",
    "component.import-missing",
    plain(`(core module $M (import "a" "f" (func))) (core instance (instantiate $M))`),
  ],
  [
    "a core function of another type for an import",
    "component.mismatch",
    component(`
    (core module $N (import "a" "f" (func))) (core instance (instantiate $N (with "a" (instance (export "f" (func $one))))))`),
  ],
  [
    "a memory for an import that is a function",
    "component.mismatch",
    component(`
    (core module $N (import "a" "f" (func))) (core instance (instantiate $N (with "a" (instance (export "f" (memory $memory))))))`),
  ],
  [
    "a memory that is too small",
    "component.mismatch",
    component(`
    (core module $N (import "a" "m" (memory 2))) (core instance (instantiate $N (with "a" (instance (export "m" (memory $memory))))))`),
  ],
  [
    "a component without one of its imports",
    "component.import-missing",
    plain(`(component $C (import "f" (func))) (instance (instantiate $C))`),
  ],
  [
    "a function of another type for an import",
    "component.mismatch",
    component(`
    (component $C (import "f" (func (param "a" u8)))) (func $f (canon lift (core func $void))) (instance (instantiate $C (with "f" (func $f))))`),
  ],
  [
    "a parameter of another name for an import",
    "component.mismatch",
    component(`
    (component $C (import "f" (func (param "a" u8)))) (func $f (param "b" u8) (canon lift (core func $one))) (instance (instantiate $C (with "f" (func $f))))`),
  ],
  [
    "an instance without one of the functions that are wanted",
    "component.import-missing",
    component(`
    (component $C (import "i" (instance (export "f" (func))))) (instance $i) (instance (instantiate $C (with "i" (instance $i))))`),
  ],
  [
    "an instance for a function",
    "component.mismatch",
    plain(`(component $C (import "f" (func))) (instance $i) (instance (instantiate $C (with "f" (instance $i))))`),
  ],
  [
    "a component that takes more than its type says",
    "component.import-missing",
    plain(`
    (component $Inner (import "f" (func)))
    (component $Outer (import "c" (component)))
    (instance (instantiate $Outer (with "c" (component $Inner))))`),
  ],
  [
    "a component that gives less than its type says",
    "component.import-missing",
    plain(`
    (component $Inner)
    (component $Outer (import "c" (component (export "f" (func)))))
    (instance (instantiate $Outer (with "c" (component $Inner))))`),
  ],
  [
    "a core module that gives less than its type says",
    "component.mismatch",
    plain(`
    (core module $M)
    (component $C (import "m" (core module (export "f" (func)))))
    (instance (instantiate $C (with "m" (core module $M))))`),
  ],
  [
    "an export with a type that it does not have",
    "component.mismatch",
    component(`(func $f (canon lift (core func $void))) (export "f" (func $f) (func (param "a" u8)))`),
  ],
  ["a component that the host would have to give", "component.import-missing", plain(`(import "c" (component))`)],
  [
    "a nested component that breaks a rule and that nothing instantiates",
    "component.index",
    plain(`(component (component (alias export 0 "f" (func))))`),
  ],
  // What is not there yet.
  ["a stream", "component.async", plain(`(type (stream u8))`)],
  ["a future", "component.async", plain(`(type (future))`)],
  ["an error-context", "component.async", plain(`(type error-context)`)],
  ["an async function", "component.async", plain(`(type (func async))`)],
  ["an async lift", "component.async", component(`(func async (canon lift (core func $void) async))`)],
  ["a built-in of tasks", "component.async", plain(`(core func (canon task.cancel))`)],
  ["a value", "component.unsupported", plain(`(import "v" (value u8))`)],
  ["a list of fixed length", "component.unsupported", plain(`(type (list u8 4))`)],
  // Attributes of names.
  ["a function that implements an interface", "component.malformed", plain(`(import "a" (implements "a:b/c") (func))`)],
  [
    "an interface that implements another",
    "component.malformed",
    plain(`(import "a:b/c" (implements "a:b/d") (instance))`),
  ],
  ["an instance that implements a label", "component.malformed", plain(`(import "a" (implements "b") (instance))`)],
  [
    "a rest of a version that makes none",
    "component.malformed",
    plain(`(import "a:b/c@0.2" (versionsuffix ".x") (instance))`),
  ],
  [
    "a rest of a whole version",
    "component.malformed",
    plain(`(import "a:b/c@0.2.0" (versionsuffix "-rc") (instance))`),
  ],
];
