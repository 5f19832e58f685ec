import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { WarrenError } from "../../base/errors.ts";
import { joinWords, resolveWords, wordsOfFlags } from "./grants.ts";

const here = import.meta.dirname;

function refused(call: () => unknown, code: string, text: string): void {
  assert.throws(call, (error) => error instanceof WarrenError && error.code === code && error.message.includes(text));
}

test("wordsOfFlags() takes PATH and PATH:AS, K=V and K", () => {
  assert.deepEqual(wordsOfFlags({ ro: [".", "/a:b:/c"], rw: ["d:/e"], env: ["A=", "B=c=d", "E"] }), {
    mounts: [
      { source: ".", target: ".", mode: "ro" },
      { source: "/a:b", target: "/c", mode: "ro" },
      { source: "d", target: "/e", mode: "rw" },
    ],
    env: { A: "", B: "c=d" },
    passedEnv: ["E"],
    outbound: [],
    unix: [],
    listen: [],
  });
});

test("wordsOfFlags() takes places to connect to and ports to listen on", () => {
  const words = wordsOfFlags({
    net: ["example.com:443", "10.0.0.0/8:53/udp"],
    listen: ["80", "[::]:8080/udp", "0.0.0.0:1/tcp"],
  });
  assert.deepEqual(
    words.outbound?.map(({ host, protocol }) => `${host} ${protocol}`),
    ["example.com tcp", "10.0.0.0/8 udp"],
  );
  assert.deepEqual(words.listen, [
    { protocol: "tcp", address: { ip: "127.0.0.1", port: 80 } },
    { protocol: "udp", address: { ip: "::", port: 8080 } },
    { protocol: "tcp", address: { ip: "0.0.0.0", port: 1 } },
  ]);
});

test("wordsOfFlags() takes unix sockets, and a host of that name", () => {
  const { outbound, unix } = wordsOfFlags({
    net: ["unix:/run/a.sock", "unix:./b.sock:/run/b.sock", "unix:../c:c", "unix:443", "unix:53/udp"],
  });
  assert.deepEqual(unix, [
    { path: "/run/a.sock", source: "/run/a.sock" },
    { path: "/run/b.sock", source: "./b.sock" },
    { path: "c", source: "../c" },
  ]);
  assert.deepEqual(
    outbound?.map(({ host, firstPort }) => [host, firstPort]),
    [
      ["unix", 443],
      ["unix", 53],
    ],
  );
  assert.deepEqual(resolveWords({ unix: [{ path: "s", source: "./s" }] }).unix, [{ path: "s", source: resolve("s") }]);
  assert.deepEqual(resolveWords({}).unix, []);
});

test("wordsOfFlags() refuses what has no meaning", () => {
  for (const [flags, text] of [
    [{ ro: ["a:"] }, "--ro"],
    [{ rw: [""] }, "--rw"],
    [{ net: ["unix:/a:"] }, "--net"],
    [{ env: ["=x"] }, "--env"],
    [{ env: [""] }, "--env"],
    [{ memory: "much" }, "--memory"],
    [{ cpu: "0" }, "--cpu"],
    [{ cpu: "1e3" }, "--cpu"],
    [{ time: "5" }, "--time"],
    [{ listen: ["0"] }, "--listen"],
    [{ listen: ["localhost:80"] }, "--listen"],
    [{ listen: ["256.0.0.1:80"] }, "--listen"],
  ] as const) {
    refused(() => wordsOfFlags(flags), "usage.invalid-argument", text);
  }
  refused(() => wordsOfFlags({ envFile: ["/nonexistent"] }), "env-file.unreadable", "ENOENT");
});

test("joinWords() adds up, and of limits and variables takes the later", () => {
  const joined = joinWords([
    wordsOfFlags({ ro: ["a"], env: ["A=1", "B=1"], net: ["unix:/a"], memory: "1MiB", cpu: "1" }),
    wordsOfFlags({ ro: ["b"], env: ["B=2", "C"], net: ["unix:/b"], memory: "2MiB" }),
  ]);
  assert.deepEqual(
    joined.mounts?.map((mount) => ("source" in mount ? mount.source : mount.target)),
    ["a", "b"],
  );
  assert.deepEqual(
    joined.unix?.map(({ path }) => path),
    ["/a", "/b"],
  );
  assert.deepEqual([joined.env, joined.passedEnv, joined.memory, joined.cpu], [{ A: "1", B: "2" }, ["C"], "2MiB", 1]);
});

test("resolveWords() gives what the words mean here", () => {
  const grants = resolveWords(
    wordsOfFlags({ ro: [`${here}/..:/x`], env: ["A=1", "B"], memory: "1KiB", time: "1.5s" }),
    { B: "2" },
  );
  assert.deepEqual(grants.mounts, [{ source: here.replace(/\/run$/, ""), target: "/x", mode: "ro" }]);
  assert.deepEqual(grants.env, { A: "1", B: "2" });
  assert.deepEqual([grants.memoryMax, grants.cpu, grants.timeMs], [1024, undefined, 1500]);
});

test("resolveWords() refuses what is not there", () => {
  refused(() => resolveWords({ mounts: [{ source: "/none", target: "/none", mode: "ro" }] }), "grant.no-path", "/none");
  refused(() => resolveWords({ passedEnv: ["NONE"] }, {}), "grant.no-variable", "NONE");
});
