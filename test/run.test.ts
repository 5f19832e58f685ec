// `warren run` as a shell sees it: streams, signals, terminals and limits, with real programs.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { buildGuest, requireToolchain } from "./guests/build.ts";
import { launcher } from "./support/cli.ts";
import { freePort } from "./support/ports.ts";

const folder = mkdtempSync(join(tmpdir(), "warren-run-"));
after(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, "src"));
writeFileSync(join(folder, "src/a.txt"), "a");

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function sh(
  script: string,
  { env = {}, input = "" }: { env?: NodeJS.ProcessEnv; input?: string | Buffer } = {},
): Ended {
  const { status, signal, stdout, stderr } = spawnSync("bash", ["-c", script], {
    cwd: folder,
    env: { ...process.env, ...env, WARREN: launcher },
    input,
    maxBuffer: 2 ** 26,
    encoding: "utf8",
  });
  return { code: status, signal, stdout, stderr };
}

test("warren run", async (t) => {
  if (!(await requireToolchain(t, "c"))) return;
  const program = await buildGuest("c-run");
  const env = { PROGRAM: program };

  await t.test("copies bytes of any kind, through pipes larger than their buffers", () => {
    const bytes = randomBytes(3 * 2 ** 20);
    const { status, stdout } = spawnSync(launcher, ["run", program, "copy"], { input: bytes, maxBuffer: 2 ** 26 });
    assert.equal(status, 0);
    assert.ok(bytes.equals(stdout));
  });

  await t.test("leaves standard input alone that its program does not read", () => {
    const { stdout } = sh('while read -r line; do echo "$line"; $WARREN run "$PROGRAM" exit 0; done', {
      env,
      input: "one\ntwo\n",
    });
    assert.equal(stdout, "one\ntwo\n");
  });

  await t.test("ends with its program, though more input may come", async () => {
    const child = spawn(launcher, ["run", program, "line"], { stdio: ["pipe", "pipe", "inherit"] });
    const stdout = text(child.stdout);
    child.stdin.write("one\n");
    assert.deepEqual(await once(child, "exit"), [0, null]);
    assert.equal(await stdout, "one\n");
  });

  await t.test("ends by SIGPIPE without a word when its reader goes", () => {
    const { stdout, stderr } = sh('set -o pipefail; $WARREN run "$PROGRAM" forever | head -1; echo $?', { env });
    assert.deepEqual([stdout, stderr], ["y\n141\n", ""]);
  });

  await t.test("ends by the signal that its program raises", async () => {
    for (const [wasi, signal] of [
      [15, "SIGTERM"],
      [6, "SIGABRT"],
      [9, "SIGKILL"],
      [30, "SIGSYS"],
    ] as const) {
      const child = spawn(launcher, ["run", program, "raise", String(wasi)], { stdio: "ignore" });
      assert.deepEqual(await once(child, "exit"), [null, signal]);
    }
    assert.equal(sh('$WARREN run "$PROGRAM" raise 0', { env }).code, 0);
  });

  await t.test("ends by SIGINT, SIGTERM and SIGUSR1, also while its program computes", async () => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGUSR1"] as const) {
      const child = spawn(launcher, ["run", program, "spin"], { stdio: ["ignore", "pipe", "inherit"] });
      await once(child.stdout, "data");
      child.kill(signal);
      assert.deepEqual(await once(child, "exit"), [null, signal]);
    }
  });

  await t.test("reports what crashed with code 134", () => {
    const { code, stderr } = sh('$WARREN run "$PROGRAM" abort', { env });
    assert.equal(code, 134);
    assert.match(stderr, /crashed: unreachable \(program\.trap\)\n {2}at function \d+ at 0x/);
  });

  await t.test("--time ends a program that computes, and one that waits", async () => {
    for (const what of ["spin", "copy"]) {
      const child = spawn(launcher, ["run", "--time", "300ms", program, what], { stdio: ["pipe", "ignore", "pipe"] });
      const stderr = text(child.stderr);
      assert.deepEqual(await once(child, "exit"), [124, null]);
      assert.match(await stderr, /it ran for longer than 0\.3 s \(--time\) \(limit\.time\)\n$/);
    }
  });

  await t.test("--cpu slows it down and lets it end", () => {
    assert.deepEqual(sh('$WARREN run --cpu 0.5 "$PROGRAM" exit 9', { env }).code, 9);
  });

  await t.test("--memory is a limit", () => {
    assert.equal(sh('$WARREN run --memory 32MiB "$PROGRAM" allocate 20', { env }).stdout, "enough memory\n");
    assert.equal(sh('$WARREN run --memory 16MiB "$PROGRAM" allocate 20', { env }).code, 1);
  });

  await t.test("variables come from options and files, and from here only where they are named", () => {
    writeFileSync(join(folder, "variables"), '# for tests\n\nONE=a=b "c"\nHERE\n');
    const run = (name: string) =>
      sh(`$WARREN run --env-file variables -e TWO= "$PROGRAM" env ${name}`, { env: { ...env, HERE: "x" } });
    assert.equal(run("ONE").stdout, 'a=b "c"\n');
    assert.equal(run("HERE").stdout, "x\n");
    assert.equal(run("TWO").stdout, "\n");
    assert.equal(run("PATH").code, 1);
    assert.match(sh('$WARREN run -e NONE "$PROGRAM"', { env }).stderr, /no variable NONE here to pass on/);
  });

  await t.test("--ro and --rw give directories and single files, --tmp one in memory", () => {
    const run = (flags: string, what: string) => sh(`$WARREN run ${flags} "$PROGRAM" ${what}`, { env }).code;
    assert.equal(run("--ro src", "read src/a.txt"), 0);
    assert.equal(run("--ro src", "write src/a.txt"), 1);
    assert.equal(run("--rw src:/s", "write /s/b.txt"), 0);
    assert.equal(run("--ro src/a.txt", "read src/a.txt"), 0);
    assert.equal(run("--ro src/a.txt", "read src/b.txt"), 1);
    assert.equal(run("--tmp", "write /tmp/x"), 0);
    assert.equal(run("", "write /tmp/x"), 1);
  });

  await t.test("--grants takes the words of a manifest, with directories beside the file", () => {
    mkdirSync(join(folder, "elsewhere"), { recursive: true });
    const file =
      '[[mount]]\nsource = "../src"\ntarget = "/src"\n[env]\nA = "1"\n[limits]\nmemory = "32MiB"\ncpu = 1\ntime = "60s"\n';
    writeFileSync(join(folder, "elsewhere/grants.toml"), file);
    const run = "$WARREN run --grants elsewhere/grants.toml";
    assert.equal(sh(`${run} "$PROGRAM" read /src/a.txt`, { env }).stdout, "/src/a.txt: open\n");
    assert.equal(sh(`${run} "$PROGRAM" env A`, { env }).stdout, "1\n");
    assert.match(sh(`${run} --explain --memory 1MiB x.wasm`).stdout, /memory: at most 1048576 bytes/);
    writeFileSync(join(folder, "elsewhere/wrong.toml"), "[[mounts]]\n");
    const { code, stderr } = sh('$WARREN run --grants elsewhere/wrong.toml "$PROGRAM"', { env });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^warren: elsewhere\/wrong\.toml:1: "mounts" is not a known key.*\nhint: did you mean "mount"\?/,
    );
  });

  await t.test("--explain prints all that is granted, and runs nothing", () => {
    const { stdout, code } = sh('$WARREN run --explain --ro src:/s --time 1m -e A=1 "$PROGRAM" exit 3', { env });
    assert.equal(code, 0);
    assert.equal(
      stdout,
      `program: ${program}\narguments: "exit" "3"\nfiles: /s = ${folder}/src (ro)\nvariable: A="1"\nconnections: none\nlistens: nowhere\n` +
        "memory: what the program declares\ncpu: no limit\ntime: at most 60 s\nstreams: standard input, output and error\n",
    );
  });

  await t.test("what a failed program was refused is named with the option that grants it", () => {
    const run = (what: string) => sh(`$WARREN run ${what}`, { env: { ...env, HERE: "x" } }).stderr;
    assert.match(run('"$PROGRAM" read ./src/a.txt'), /: \.\/src\/a\.txt: not granted; add --ro \.\/src\/a\.txt\n$/);
    assert.match(
      run('--ro src "$PROGRAM" write src/a.txt'),
      /: src\/a\.txt: granted for reading only; add --rw src\n$/,
    );
    assert.match(run('"$PROGRAM" env HERE'), /: HERE: not granted; add --env HERE\n$/);
    assert.match(run('--memory 16MiB "$PROGRAM" allocate 20'), /: memory: .*; add --memory 32MiB\n$/);
    assert.equal(run('"$PROGRAM" env NOTHERE'), "NOTHERE is not set\n");
    assert.equal(run('"$PROGRAM" exit 3'), "");
    assert.equal(run('"$PROGRAM" exit 0 ./src'), "");
  });

  await t.test("--listen leads to the program's port, and --net to places outside", async () => {
    const server = await buildGuest("c-tcp-echo");
    const port = await freePort();
    const child = spawn(launcher, ["run", "--listen", String(port), server], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    try {
      // The port is open before the program runs; until then there is none.
      const socket = await untilConnected(port);
      socket.write("there and back");
      const [answer] = (await once(socket, "data")) as [Buffer];
      assert.equal(answer.toString(), "there and back");
      socket.destroy();
    } finally {
      child.kill();
    }
    const { code, stderr } = sh(`$WARREN run --listen 127.0.0.1:${await busyPort(t)} "$PROGRAM" exit 0`, { env });
    assert.equal(code, 1);
    assert.match(stderr, /\(listener\.in-use\)/);
    // Nothing leads to the port that this one opens by itself.
    const lost = sh(`$WARREN run --time 500ms "${await buildGuest("c-sockets")}" server`, { env });
    assert.match(lost.stderr, /: port 8080: the program listens there, and nobody can reach it; add --listen 8080\n/);
  });

  // script(1) makes a terminal and copies between it and its own streams. Debian's has it everywhere.
  const terminal = { skip: spawnSync("script", ["--version"]).status === 0 ? false : "script(1) is not installed" };

  await t.test("-i gives a program the keys one by one and the size of the terminal", terminal, async () => {
    const child = script('stty rows 40 cols 132; $WARREN run -i "$PROGRAM" keys; echo " code $?"; stty -a', env);
    const { stdout } = await typed(child, "terminal 1 1, 132 x 40", () => "a\x03q");
    assert.match(stdout, /<97><3><113> code 7\r?\n/);
    assert.match(stdout, /[^-]icanon/);
  });

  await t.test("a terminal that had given its keys is put back after a signal", terminal, async () => {
    for (const [signal, code] of [
      ["SIGTERM", 143],
      ["SIGHUP", 129],
    ] as const) {
      const command = '$WARREN run -i "$PROGRAM" spin & echo "pid $!"; wait $!; echo " code $?"; stty -a';
      const { stdout } = await typed(script(command, env), "spinning", (shown) => {
        process.kill(Number(/pid ([0-9]+)/.exec(shown)?.[1]), signal);
        return "";
      });
      assert.match(stdout, new RegExp(`code ${code}`));
      assert.match(stdout, /[^-]icanon/);
    }
  });

  await t.test("without -i a program reads lines, and Ctrl-C ends it", terminal, async () => {
    const { stdout } = await typed(
      script('trap : INT; $WARREN run "$PROGRAM" keys; echo " code $?"', env),
      "terminal 1 1",
      () => "\x03",
    );
    assert.match(stdout, /code 130/);
  });
});

async function untilConnected(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return socket;
    } catch {
      await pause(50);
    }
  }
}

async function busyPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function script(command: string, env: NodeJS.ProcessEnv): ReturnType<typeof spawn> {
  return spawn("script", ["-qec", `bash -c '${command}'`, "/dev/null"], {
    cwd: folder,
    env: { ...process.env, ...env, WARREN: launcher, TERM: "xterm" },
    stdio: ["pipe", "pipe", "inherit"],
  });
}

/** Types once a text has appeared, and waits for the end. */
async function typed(
  child: ReturnType<typeof spawn>,
  wanted: string,
  keys: (shown: string) => string,
): Promise<{ stdout: string }> {
  let stdout = "";
  let done = false;
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    if (done || !stdout.includes(wanted)) return;
    done = true;
    child.stdin?.write(keys(stdout));
  });
  await once(child, "close");
  return { stdout };
}
