import assert from "node:assert/strict";
import { test } from "node:test";
import { hostTypes } from "./host-types.ts";
import { matchImports } from "./match-imports.ts";
import { linkText } from "./testdata/assemble.ts";

const offered = hostTypes([
  { name: "test:io/poll", version: "0.2", wit: "interface poll { resource pollable { block: func(); } }" },
  {
    name: "test:io/streams",
    version: "0.2",
    wit: `interface streams {
      use poll.{pollable};
      variant problem { closed, failed(string) }
      record options { size: u32, kind: option<u8> }
      open: func(options: options) -> result<list<u8>, problem>;
      subscribe: func() -> pollable;
    }`,
  },
]);

const problem = `
  (type $problem' (variant (case "closed") (case "failed" string)))
  (export "problem" (type $problem (eq $problem')))`;
const options = `
  (type $options' (record (field "size" u32) (field "kind" (option u8))))
  (export "options" (type $options (eq $options')))`;

/** A component that lowers all that it imports from one instance. */
const importing = (name: string, type: string, functions: readonly string[]) => `(component
  (core module $M (memory (export "memory") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $m (instantiate $M))
  (import "${name}" (instance $i ${type}))
  ${functions.map((func) => `(core func (canon lower (func $i "${func}") (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))`).join("\n")}
)`;

async function match(name: string, type: string, functions: readonly string[]): Promise<void> {
  matchImports(await linkText(importing(name, type, functions), { hostResource: offered.hostResource }), offered);
}

test("matchImports() takes the functions that are offered, of every patch of the version", async () => {
  const open = `${problem} ${options} (export "open" (func (param "options" $options) (result (result (list u8) (error $problem)))))`;
  for (const version of ["0.2.0", "0.2.12", "0.2"]) await match(`test:io/streams@${version}`, open, ["open"]);
});

test("matchImports() takes a resource that an interface uses, also when the component declares it there", async () => {
  const subscribe = `(export "pollable" (type $p (sub resource))) (export "subscribe" (func (result (own $p))))`;
  await match("test:io/streams@0.2.0", subscribe, ["subscribe"]);
});

test("matchImports() asks for nothing that no core module can call", async () => {
  await match("test:io/nothing@0.2.0", `(export "f" (func))`, []);
});

test("matchImports() names all that is missing in one error", async () => {
  const text = `(component
    (import "test:io/streams@0.3.0" (instance $a (export "open" (func))))
    (import "test:io/streams@0.2.0" (instance $b (export "shut" (func)) (export "file" (type $file (sub resource)))))
    (import "test:none/at-all" (instance $c (export "f" (func))))
    (import "plain" (func $d))
    (alias export $b "file" (type $file))
    (core func (canon lower (func $a "open")))
    (core func (canon lower (func $b "shut")))
    (core func (canon lower (func $c "f")))
    (core func (canon lower (func $d)))
    (core func (canon resource.drop $file)))`;
  const plan = await linkText(text, { hostResource: offered.hostResource });
  assert.throws(() => matchImports(plan, offered), {
    code: "program.imports-missing",
    message:
      "the program imports what Warren does not offer: test:io/streams@0.3.0 (offered: 0.2), test:io/streams@0.2.0.shut, " +
      "test:none/at-all, plain, the resource file of test:io/streams",
  });
});

test("matchImports() bounds what it lists", async () => {
  const names = Array.from({ length: 300 }, (_, i) => `f${i}-${"x".repeat(2_000)}`);
  const plan = await linkText(`(component
    ${names.map((name) => `(import "${name}" (func))`).join("\n")}
    ${names.map((_, i) => `(core func (canon lower (func ${i})))`).join("\n")})`);
  assert.throws(
    () => matchImports(plan, offered),
    (error: Error) => {
      assert.match(error.message, / and 290 more$/);
      assert.ok(error.message.length < 1_200);
      return true;
    },
  );
});

test("matchImports() shows both types of a function that is not what is offered", async () => {
  const check = async (type: string, functions: readonly string[], text: RegExp) => {
    await assert.rejects(
      match("test:io/streams@0.2.0", type, functions),
      (error: { code: string; message: string }) => {
        assert.equal(error.code, "program.import-mismatch");
        assert.match(error.message, text);
        return true;
      },
    );
  };
  const offeredText =
    /Warren offers func\(options: record \{ size: u32, kind: option<u8> \}\) -> result<list<u8>, variant \{ closed, failed\(string\) \}>$/;
  await check(`(export "open" (func))`, ["open"], offeredText);
  await check(`(export "open" (func))`, ["open"], /test:io\/streams@0\.2\.0\.open as func\(\), /);
  const variants = [
    problem.replace("closed", "shut"),
    problem.replace('"failed" string', '"failed"'),
    problem.replace("variant", 'variant (case "x")'),
  ];
  for (const other of variants) {
    await check(
      `${other} ${options} (export "open" (func (param "options" $options) (result (result (list u8) (error $problem)))))`,
      ["open"],
      offeredText,
    );
  }
  const records = [
    options.replace("u32", "u64"),
    options.replace('"size"', '"sizes"'),
    options.replace("(option u8)", "u8"),
  ];
  for (const other of records) {
    await check(
      `${problem} ${other} (export "open" (func (param "options" $options) (result (result (list u8) (error $problem)))))`,
      ["open"],
      offeredText,
    );
  }
  // A resource of its own instead of the one that is used.
  await check(
    `(export "file" (type $p (sub resource))) (export "subscribe" (func (result (own $p))))`,
    ["subscribe"],
    /as func\(\) -> test:io\/streams\.file, Warren offers func\(\) -> test:io\/poll\.pollable$/,
  );
  await check(
    `(export "pollable" (type $p (sub resource))) (export "subscribe" (func (param "p" (borrow $p))))`,
    ["subscribe"],
    /as func\(p: borrow<test:io\/poll\.pollable>\), /,
  );
});
