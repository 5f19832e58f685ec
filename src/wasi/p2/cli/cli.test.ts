import assert from "node:assert/strict";
import { test } from "node:test";
import { Flow } from "../../../base/flow.ts";
import { InputStream, OutputStream } from "../../stdio.ts";
import { Exited, testHost, text } from "../testdata/test-host.ts";

test("arguments, variables and the directory to begin in", () => {
  const host = testHost();
  assert.deepEqual(host.call("cli/environment", "get-arguments"), ["guest", "ä"]);
  assert.deepEqual(host.call("cli/environment", "get-environment"), [
    ["A", "1"],
    ["B", ""],
    ["C", "a=b"],
  ]);
  assert.equal(host.call("cli/environment", "initial-cwd"), undefined);
  assert.equal(testHost({ initialCwd: "/data" }).call("cli/environment", "initial-cwd"), "/data");
});

test("exit ends the guest with a code", () => {
  const host = testHost();
  for (const [name, status, code] of [
    ["exit", { tag: "ok", val: undefined }, 0],
    ["exit", { tag: "err", val: undefined }, 1],
    ["exit-with-code", 200, 200],
  ] as const) {
    assert.throws(
      () => host.call("cli/exit", name, status),
      (error) => error instanceof Exited && error.code === code,
    );
  }
});

test("standard streams stay open when the guest drops what it got of them", () => {
  const flow = new Flow();
  const host = testHost({ stdin: new InputStream(flow, false) });
  flow.push(Buffer.from("in"));
  for (const expected of ["i", "n"]) {
    const input = host.call("cli/stdin", "get-stdin");
    assert.equal(text(host.call("io/streams", "[method]input-stream.read", input, 1n).val), expected);
    host.call("io/streams", "[resource-drop]input-stream", input);
  }
  for (const which of ["stdout", "stderr"]) {
    for (let i = 0; i < 2; i++) {
      const output = host.call(`cli/${which}`, `get-${which}`);
      host.call("io/streams", "[method]output-stream.blocking-write-and-flush", output, Buffer.from(which));
      host.call("io/streams", "[resource-drop]output-stream", output);
    }
  }
  assert.equal(text(host.written), "stdoutstdoutstderrstderr");
  assert.deepEqual([host.table.size, host.resources.held], [3, 0]);
});

test("a terminal is told where there is one", () => {
  const host = testHost({ stdin: new InputStream(undefined, true), stderr: new OutputStream(() => {}, true) });
  const terminals = ["stdin", "stdout", "stderr"].map((which) =>
    host.call(`cli/terminal-${which}`, `get-terminal-${which}`),
  );
  assert.deepEqual(
    terminals.map((one) => one !== undefined),
    [true, false, true],
  );
  host.call("cli/terminal-input", "[resource-drop]terminal-input", terminals[0]);
  host.call("cli/terminal-output", "[resource-drop]terminal-output", terminals[2]);
  assert.equal(host.resources.held, 0);
});
