import assert from "node:assert/strict";
import { test } from "node:test";
import { componentKind } from "./component-kind.ts";
import { linkText } from "./testdata/assemble.ts";

const core = `
  (core module $M
    (func (export "void"))
    (func (export "get") (result i32) unreachable)
    (func (export "two") (param i32 i32)))
  (core instance $m (instantiate $M))`;

const exporting = (name: string, func: string, types: string, inner: string) => `(component ${core} ${types}
  (func $f ${inner})
  (instance $i (export "${func}" (func $f)))
  (export "${name}" (instance $i)))`;

const httpTypes = (first: string, second: string) => `
  (import "wasi:http/types@0.2.3" (instance $types
    (export "${first}" (type (sub resource)))
    (export "${second}" (type (sub resource)))))
  (alias export $types "${first}" (type $request))
  (alias export $types "${second}" (type $out))`;
const handle = `(param "request" (own $request)) (param "response-out" (own $out)) (canon lift (core func $m "two"))`;
const run = `(result (result)) (canon lift (core func $m "get"))`;

const handler = (version: string) =>
  exporting(
    `wasi:http/incoming-handler@${version}`,
    "handle",
    httpTypes("incoming-request", "response-outparam"),
    handle,
  );

test("componentKind() tells handlers and commands by what they export", async () => {
  for (const version of ["0.2.0", "0.2.12"]) {
    const { kind, entry } = componentKind(await linkText(handler(version)));
    assert.equal(kind, "handler");
    assert.equal(entry.name, "handle");
    const command = componentKind(await linkText(exporting(`wasi:cli/run@${version}`, "run", "", run)));
    assert.equal(command.kind, "command");
    assert.equal(command.entry.function.core.kind, "export");
  }
});

test("componentKind() refuses an entry of another type", async () => {
  const swapped = exporting(
    "wasi:http/incoming-handler@0.2.0",
    "handle",
    httpTypes("response-outparam", "incoming-request"),
    handle,
  );
  const wrong = exporting("wasi:cli/run@0.2.0", "run", "", `(result u32) (canon lift (core func $m "get"))`);
  for (const text of [swapped, wrong]) {
    const plan = await linkText(text);
    assert.throws(() => componentKind(plan), { code: "program.export-mismatch" });
  }
});

test("componentKind() says that WASI 0.3 is not supported yet", async () => {
  for (const name of ["wasi:http/handler@0.3.0", "wasi:cli/run@0.3.0"]) {
    const plan = await linkText(exporting(name, "run", "", run));
    assert.throws(() => componentKind(plan), { code: "component.async", message: new RegExp(`exports ${name}`) });
  }
});

test("componentKind() names what another component exports", async () => {
  const plan = await linkText(exporting("test:io/main@1.0.0", "run", "", run));
  assert.throws(() => componentKind(plan), {
    code: "program.component-kind",
    message:
      /^the component exports test:io\/main@1\.0\.0, but neither wasi:http\/incoming-handler@0\.2 nor wasi:cli\/run@0\.2$/,
  });
  const nothing = await linkText("(component)");
  assert.throws(() => componentKind(nothing), { message: /exports no functions/ });
});
