import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { wat } from "../../engine/testdata/guests.ts";
import { type Ended, warren } from "../command-process.suite.ts";
import { moreGranted } from "./grant-lines.ts";

const folder = mkdtempSync(join(tmpdir(), "warren-install-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const bin = join(folder, "bin");
const data = join(folder, "data");
const program = join(folder, "seven.wasm");
const exit = (code: number): Promise<Uint8Array> =>
  wat(`(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const ${code}))))`);
writeFileSync(program, await exit(7));

beforeEach(() => {
  for (const path of [bin, data]) rmSync(path, { recursive: true, force: true });
  mkdirSync(data);
});

const run = (...args: string[]): Promise<Ended> =>
  warren(args, { XDG_DATA_HOME: data, PATH: `${bin}:${process.env.PATH}` });
const install = (...args: string[]): Promise<Ended> => run("install", "--bin", bin, ...args);

test("install makes a command that runs the program with what it was granted, and uninstall removes it", async () => {
  const { code, stdout } = await install(program, "--as", "seven", "--ro", ".", "--env", "A=1", "--memory", "1MiB");
  assert.equal(code, 0);
  assert.equal(
    stdout,
    `installed seven as ${bin}/seven; it is granted:\n  files: . = . (ro, below the directory of each run)\n  variable: A="1"\n  memory: at most 1MiB\n`,
  );
  assert.equal((await run("run", "seven")).code, 7);
  const env = { ...process.env, XDG_DATA_HOME: data };
  assert.equal(spawnSync(join(bin, "seven"), ["--help"], { env }).status, 7);
  const { stdout: explained } = await run("run", "--explain", "--env", "B=2", "seven", "-x");
  assert.match(explained, /arguments: "-x"\nfiles: \. = .* \(ro\)\nvariable: A="1"\nvariable: B="2"\n/);
  const { stdout: listed } = await run("installed");
  assert.match(listed, /seven +[0-9a-f]{12} +files: \. = \./);
  assert.equal((await run("uninstall", "seven")).code, 0);
  assert.equal(existsSync(join(bin, "seven")), false);
  assert.deepEqual(readdirSync(join(data, "warren/installed")), []);
  assert.match((await run("uninstall", "seven")).stderr, /\(install\.unknown\)/);
  assert.match((await run("run", "seven")).stderr, /\(program\.not-found\)/);
});

test("install takes the file's name, and says when a shell will not find the launcher", async () => {
  const { code, stderr } = await warren(["install", "--bin", bin, program], { XDG_DATA_HOME: data });
  assert.equal(code, 0);
  assert.match(stderr, /bin is not on PATH/);
  assert.equal((await run("run", "seven")).code, 7);
});

test("install refuses names, programs and places that will not do", async () => {
  for (const name of ["a/b", "-x", "", "x.wasm", "ä", ".."])
    assert.match((await install(program, `--as=${name}`)).stderr, /cannot be a command's name/, name);
  writeFileSync(join(folder, "text.wasm"), "text");
  assert.equal((await install(join(folder, "text.wasm"))).code, 1);
  mkdirSync(bin);
  writeFileSync(join(bin, "seven"), "mine");
  assert.match((await install(program)).stderr, /\(install\.in-the-way\)/);
  assert.equal(readFileSync(join(bin, "seven"), "utf8"), "mine");
  assert.deepEqual((await run("installed", "--json")).stdout, "[]\n");
});

test("an update that is granted more is refused where nobody can be asked, unless --yes", async () => {
  await install(program, "--ro", ".", "--memory", "1MiB");
  const more = await install(program, "--ro", ".", "--ro", "/usr", "--net", "example.com:443");
  assert.equal(more.code, 1);
  assert.match(
    more.stderr,
    /files: \/usr = \/usr \(ro\)\n {2}connections: example\.com:443\n {2}memory: no limit\n.*--yes/s,
  );
  assert.doesNotMatch((await run("installed")).stdout, /usr/);
  assert.equal((await install(program, "--yes", "--ro", ".", "--ro", "/usr")).code, 0);
  writeFileSync(join(folder, "other.wasm"), await exit(8));
  assert.equal((await install(join(folder, "other.wasm"), "--as", "seven", "--ro", "/usr")).code, 0);
  assert.equal((await run("run", "seven")).code, 8);
});

test("a copy that was changed is not run, and a record that others may write to is none", async () => {
  await install(program);
  const [record, copy] = ["json", "wasm"].map((kind) => join(data, "warren/installed", `seven.${kind}`)) as [
    string,
    string,
  ];
  appendFileSync(copy, Buffer.from([0, 2, 1, 0x61]));
  const { code, stderr } = await run("run", "seven");
  assert.equal(code, 1);
  assert.match(stderr, /\(program\.changed\)/);
  chmodSync(record, 0o666);
  assert.match((await run("run", "seven")).stderr, /\(program\.not-found\)/);
});

test("moreGranted() counts what was not there, and limits that are lifted or changed", () => {
  const mount = { source: "/a", target: "/a", mode: "ro" } as const;
  for (const [before, after, more] of [
    [{}, {}, []],
    [{ mounts: [mount] }, {}, []],
    [{ mounts: [mount] }, { mounts: [{ ...mount, mode: "rw" }] }, ["files: /a = /a (rw)"]],
    [{}, { memory: "1MiB", cpu: 1, time: "1s" }, []],
    [{ memory: "1MiB" }, { memory: "2MiB" }, ["memory: at most 2MiB"]],
    [{ time: "1s" }, {}, ["time: no limit"]],
    [{}, { unix: [{ path: "/s", source: "./s" }] }, ["connections: unix:/s = ./s, below the directory of each run"]],
    [{ passedEnv: ["A"] }, { env: { A: "1" } }, ['variable: A="1"']],
  ] as const) {
    assert.deepEqual(moreGranted(before, after), more);
  }
});
