import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { goMinor, writeGoOverlay } from "./go-overlay.ts";

const adopted = [
  "internal/poll/sockopt.go",
  "net/fd_posix.go",
  "net/fd_unix.go",
  "net/netcgo_on.go",
  "net/sock_posix.go",
  "os/signal/signal.go",
];

/** A GOROOT with what the overlay looks at, and a cache. */
function library(t: TestContext, files: readonly string[]): { goroot: string; cache: string } {
  const folder = mkdtempSync(join(tmpdir(), "warren-overlay-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of files) {
    const path = join(folder, "root/src", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "// Copyright\n\n//go:build unix || windows\n\npackage x\n");
  }
  return { goroot: join(folder, "root"), cache: join(folder, "cache") };
}

test("writeGoOverlay() adopts Go's files under WASI's constraint, removes what is there of WASI's, adds ours", (t) => {
  const { goroot, cache } = library(t, [...adopted, "net/net_fake.go"]);
  const path = writeGoOverlay({ goroot, version: "go1.22.3" }, cache);
  const { Replace: replace } = JSON.parse(readFileSync(path, "utf8")) as { Replace: Record<string, string> };
  const at = (name: string) => replace[join(goroot, "src", name)];
  assert.equal(readFileSync(at("net/fd_unix.go") ?? "", "utf8"), "// Copyright\n\n//go:build wasip1\n\npackage x\n");
  assert.equal(at("net/net_fake.go"), "");
  assert.equal(at("net/sockopt_stub.go"), undefined, "of another version");
  assert.match(readFileSync(at("syscall/warren_net_wasip1.go") ?? "", "utf8"), /^package syscall$/m);
});

test("writeGoOverlay() takes from os/signal what waits for the runtime, which has no signals", (t) => {
  const { goroot, cache } = library(t, [...adopted, "os/signal/signal_unix.go"]);
  const source = [
    "package signal",
    "",
    "func Stop() {",
    "\tsignalWaitUntilIdle()",
    "}",
    "",
    "func signalWaitUntilIdle()",
    "",
  ];
  writeFileSync(join(goroot, "src/os/signal/signal.go"), source.join("\n"));
  const path = writeGoOverlay({ goroot, version: "go1.22.3" }, cache);
  const { Replace: replace } = JSON.parse(readFileSync(path, "utf8")) as { Replace: Record<string, string> };
  const text = readFileSync(replace[join(goroot, "src/os/signal/signal.go")] ?? "", "utf8");
  assert.match(text, /\thostSignalsIdle\(\)/);
  assert.doesNotMatch(text, /func hostSignalsIdle|signalWaitUntilIdle/);
  assert.equal(replace[join(goroot, "src/os/signal/signal_unix.go")], "");
});

test("writeGoOverlay() gives the same path for the same Go, another for one that was changed", (t) => {
  const { goroot, cache } = library(t, adopted);
  const go = { goroot, version: "go1.26.0" };
  const first = writeGoOverlay(go, cache);
  assert.equal(writeGoOverlay(go, cache), first);
  writeFileSync(join(goroot, "src/net/fd_unix.go"), "package net // patched\n");
  assert.notEqual(writeGoOverlay(go, cache), first);
});

test("writeGoOverlay() refuses a Go that it does not know, and one that is not whole", (t) => {
  const { goroot, cache } = library(t, adopted.slice(1));
  for (const version of ["go1.20.14", `go1.${goMinor.newest + 1}.0`, "devel go1.27-abcdef", ""])
    assert.throws(() => writeGoOverlay({ goroot, version }, cache), { code: "go.version" }, version);
  assert.throws(() => writeGoOverlay({ goroot, version: "go1.26.1" }, cache), { code: "go.incomplete" });
});
