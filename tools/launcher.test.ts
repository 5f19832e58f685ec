import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";

const root = join(import.meta.dirname, "..");
const created: string[] = [];
after(() => {
  for (const folder of created) rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

function sh(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(command, args, { ...options, encoding: "utf8" }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal ?? null), stdout, stderr });
    });
  });
}

const program =
  'import { word } from "./word.ts";\nconst args: string[] = process.argv.slice(2);\nconsole.log(word, ...args);\n';

/** A checkout in small: the launcher, the build step, one program of two files, and this one's Node as a dependency. */
function checkout(): string {
  const folder = join(mkdtempSync(join(tmpdir(), "warren-launcher-")), "a b'c");
  created.push(dirname(folder));
  for (const path of ["tools", "src/cli/run", "node_modules"]) mkdirSync(join(folder, path), { recursive: true });
  for (const path of ["warren", "tools/build.ts"]) copyFileSync(join(root, path), join(folder, path));
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "version": "1.0.0" }');
  writeFileSync(join(folder, "package-lock.json"), "{}");
  writeFileSync(join(folder, "node_modules/.package-lock.json"), "{}");
  const own = `node-linux-${process.arch}`;
  mkdirSync(join(folder, "node_modules", own, "bin"), { recursive: true });
  symlinkSync(process.execPath, join(folder, "node_modules", own, "bin/node"));
  for (const path of ["esbuild", "@esbuild"])
    symlinkSync(join(root, "node_modules", path), join(folder, "node_modules", path));
  write(folder, "src/cli/plain-run.ts", "export {};\n");
  write(folder, "src/cli/run/quick-clock.ts", "export function quickNow(): number { return 0; }\n");
  write(folder, "src/cli/start.ts", 'void import("./main.ts");\n');
  write(folder, "src/cli/main.ts", program);
  write(folder, "src/cli/word.ts", 'export const word: string = "one";\n');
  return folder;
}

let clock = Date.now() / 1000 - 1000;

/** Writes a file with a time of its own, before any build but after every earlier write. */
function write(folder: string, path: string, text: string): void {
  writeFileSync(join(folder, path), text);
  clock += 1;
  utimesSync(join(folder, path), clock, clock);
}

/** Makes a file newer than the last build, as an editor does. */
function save(folder: string, path: string, text: string): void {
  writeFileSync(join(folder, path), text);
  const later = Date.now() / 1000 + 10;
  utimesSync(join(folder, path), later, later);
}

test("./warren builds dist/ and runs it, with its arguments as they are", async () => {
  const folder = checkout();
  assert.deepEqual(await sh(join(folder, "warren"), ["a b", "*", ""]), { code: 0, stdout: "one a b * \n", stderr: "" });
});

test("./warren works through symbolic links, from another folder, as sh warren, and with CDPATH set", async () => {
  const folder = checkout();
  const elsewhere = mkdtempSync(join(tmpdir(), "warren-launcher-"));
  created.push(elsewhere);
  symlinkSync(join(folder, "warren"), join(elsewhere, "absolute"));
  symlinkSync("absolute", join(elsewhere, "relative"));
  mkdirSync(join(elsewhere, "dist"));
  const expected = { code: 0, stdout: "one\n", stderr: "" };
  assert.deepEqual(await sh(join(elsewhere, "absolute"), []), expected);
  assert.deepEqual(await sh("./relative", [], { cwd: elsewhere }), expected);
  assert.deepEqual(await sh("sh", ["warren"], { cwd: folder }), expected);
  assert.deepEqual(await sh("./warren", [], { cwd: folder, env: { ...process.env, CDPATH: elsewhere } }), expected);
  assert.deepEqual(
    await sh("warren", [], { cwd: elsewhere, env: { ...process.env, PATH: `${folder}:${process.env.PATH}` } }),
    expected,
  );
});

test("./warren refreshes dist/ when a source is newer, was removed, or came with an older time", async () => {
  const folder = checkout();
  const warren = join(folder, "warren");
  await sh(warren, []);
  save(folder, "src/cli/word.ts", 'export const word: string = "two";\n');
  assert.equal((await sh(warren, [])).stdout, "two\n");

  writeFileSync(join(folder, "src/cli/extra.test.ts"), "");
  write(folder, "src/cli/other.ts", 'export const word: string = "three";\n');
  save(folder, "src/cli/main.ts", program.replace("./word.ts", "./other.ts"));
  assert.equal((await sh(warren, [])).stdout, "three\n");
  assert.deepEqual(readdirSync(join(folder, "dist/cli")).sort(), [
    "component-run.cjs",
    "main.js",
    "other.js",
    "plain-run.cjs",
    "plain-run.js",
    "run",
    "start.cjs",
    "start.js",
    "word.js",
  ]);

  rmSync(join(folder, "src/cli/word.ts"));
  const later = Date.now() / 1000 + 20;
  utimesSync(join(folder, "src/cli"), later, later);
  assert.equal((await sh(warren, [])).stdout, "three\n");
  assert.equal(existsSync(join(folder, "dist/cli/word.js")), false);
});

test("./warren started many times at once on a stale dist/ works each time", async () => {
  const folder = checkout();
  for (let i = 0; i < 40; i++) write(folder, `src/cli/part-${i}.ts`, `export const part${i}: number = ${i};\n`);
  const imports = Array.from({ length: 40 }, (_, i) => `import { part${i} } from "./part-${i}.ts";\n`).join("");
  const parts = Array.from({ length: 40 }, (_, i) => `part${i}`).join(" + ");
  save(folder, "src/cli/main.ts", `${imports}console.log(${parts});\n`);
  const all = await Promise.all(Array.from({ length: 8 }, () => sh(join(folder, "warren"), [])));
  for (const ended of all) assert.deepEqual(ended, { code: 0, stdout: "780\n", stderr: "" });
  assert.deepEqual(
    readdirSync(join(folder, "dist")).filter((name) => name.startsWith(".writing")),
    [],
  );
});

test("./warren says which source cannot be built", async () => {
  const folder = checkout();
  save(folder, "src/cli/word.ts", "export const word: string = ;\n");
  const { code, stderr } = await sh(join(folder, "warren"), []);
  assert.equal(code, 1);
  assert.match(stderr, /^src\/cli\/word\.ts: /);
  assert.match(stderr, /\nwarren: dist\/ could not be built from src\/; the message is above\n$/);
});

/** A folder for PATH with the system's tools that the launcher uses, and an npm of the test's making. */
function toolsWith(npm: string | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), "warren-launcher-"));
  created.push(folder);
  for (const name of ["sh", "uname", "readlink", "find", "cat", "touch", "rm", "sleep", "mkdir", "echo"]) {
    const path = ["/bin", "/usr/bin"].map((at) => join(at, name)).find((at) => existsSync(at));
    if (path !== undefined) symlinkSync(path, join(folder, name));
  }
  if (npm !== undefined) {
    writeFileSync(join(folder, "npm"), npm);
    chmodSync(join(folder, "npm"), 0o755);
  }
  return folder;
}

test("./warren without the dependencies and without npm says what to install", async () => {
  const folder = checkout();
  rmSync(join(folder, "node_modules/.package-lock.json"));
  assert.deepEqual(await sh(join(folder, "warren"), [], { env: { PATH: toolsWith(undefined) } }), {
    code: 1,
    stdout: "",
    stderr: "warren: npm is needed to install the dependencies; install Node.js 20 or later, which brings it\n",
  });
});

test("./warren installs once, however often it is started meanwhile, and again when the lock file is newer", async () => {
  const folder = checkout();
  rmSync(join(folder, "node_modules/.package-lock.json"));
  const path = toolsWith('#!/bin/sh\necho "$1" >>installs\nsleep 1\necho "{}" >node_modules/.package-lock.json\n');
  const start = () => sh(join(folder, "warren"), [], { env: { PATH: path } });
  const all = await Promise.all([start(), start(), start()]);
  for (const { code, stdout } of all) assert.deepEqual([code, stdout], [0, "one\n"]);
  assert.equal(all.filter(({ stderr }) => stderr.includes("installing dependencies")).length, 1);
  assert.deepEqual((await sh("cat", [join(folder, "installs")])).stdout, "ci\n");
  assert.equal(existsSync(join(folder, ".install.lock")), false);

  save(folder, "package-lock.json", "{ }");
  assert.match((await start()).stderr, /installing dependencies/);
});

test("./warren takes over the lock of an install that was killed, and passes a failure of npm on", async () => {
  const folder = checkout();
  rmSync(join(folder, "node_modules/.package-lock.json"));
  // Above the highest number a process can have (PID_MAX_LIMIT, linux/threads.h).
  writeFileSync(join(folder, ".install.lock"), "4194305\n");
  const { code, stderr } = await sh(join(folder, "warren"), [], {
    env: { PATH: toolsWith("#!/bin/sh\necho broken >&2\nexit 7\n") },
  });
  assert.equal(code, 1);
  assert.match(stderr, /broken\nwarren: the dependencies could not be installed; npm's message is above\n$/);
  assert.equal(existsSync(join(folder, ".install.lock")), false);
});
