// Programs of preview 1, and the same as components of WASI 0.2 by the adapter that jco brings: what they say and leave must be the same.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Flow } from "../src/base/flow.ts";
import { wrapCommand } from "../src/cli/build/make-component.ts";
import { testTerms } from "../src/engine/cpu/test-terms.ts";
import type { GuestOptions } from "../src/engine/guest-options.ts";
import { type Instance, startInstance } from "../src/engine/instance.ts";
import { compileProgram } from "../src/engine/program.ts";
import { build } from "../src/engine/testdata/guests.ts";
import { buildGuest, type GuestName, requireToolchain } from "./guests/build.ts";
import { buildComponent, requireComponent } from "./guests/components/build.ts";

const memoryMax = 512 * 1024 * 1024;

interface Running {
  readonly instance: Instance;
  readonly output: () => string;
}

async function start(bytes: Uint8Array, options: GuestOptions): Promise<Running> {
  const chunks: Uint8Array[] = [];
  const collect = (chunk: Uint8Array) => {
    chunks.push(chunk);
  };
  const program = await compileProgram(bytes, { memoryMax });
  const instance = startInstance(program, { cpu: testTerms(), stdout: collect, stderr: collect, ...options });
  return { instance, output: () => Buffer.concat(chunks).toString() };
}

interface Run {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Where the guest sees a directory of its own. */
  readonly directory?: string;
}

interface Ran {
  readonly output: string;
  readonly end: "succeeded" | "failed" | "trapped";
}

async function runIn(bytes: Uint8Array, { args = [], env = {}, stdin = "", directory }: Run): Promise<Ran> {
  const source = mkdtempSync(join(tmpdir(), "warren-preview2-"));
  const input = new Flow();
  input.push(Buffer.from(stdin));
  input.end();
  try {
    const { instance, output } = await start(bytes, {
      args: ["guest", ...args],
      env,
      stdin: input,
      mounts: directory === undefined ? [] : [{ source, target: directory, mode: "rw" }],
    });
    const exit = await instance.exited;
    assert.ok(exit.kind === "exit" || exit.kind === "trap", JSON.stringify(exit));
    // The adapter's exit has no code, only success.
    return { output: output(), end: exit.kind === "trap" ? "trapped" : exit.code === 0 ? "succeeded" : "failed" };
  } finally {
    rmSync(source, { recursive: true });
  }
}

/** Runs a program both ways. */
async function both(bytes: Uint8Array, options: Run = {}): Promise<Ran> {
  const one = await runIn(bytes, options);
  const other = await runIn(await wrapCommand(bytes, import.meta.dirname), options);
  const lines = (text: string) => text.slice(0, 10_000).split("\n");
  assert.deepEqual(lines(other.output), lines(one.output));
  assert.ok(other.output === one.output);
  assert.equal(other.end, one.end);
  return one;
}

async function guest(t: TestContext, name: GuestName, language: "c" | "cpp" | "rust"): Promise<Uint8Array | undefined> {
  return (await requireToolchain(t, language)) ? readFileSync(await buildGuest(name)) : undefined;
}

const files = `
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(const char *what, long result) {
  printf("%s %ld %s\\n", what, result, result < 0 ? strerror(errno) : "");
}
static int order(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }
static void list(const char *path) {
  DIR *directory = opendir(path);
  if (directory == NULL) { say("opendir", -1); return; }
  char *names[300];
  int count = 0;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) names[count++] = strdup(entry->d_name);
  closedir(directory);
  qsort(names, count, sizeof *names, order);
  for (int i = 0; i < count; i++) printf("%s ", names[i]);
  printf("(%d)\\n", count);
}

int main(int argc, char **argv) {
  static char buffer[100000];
  for (int i = 0; i < argc; i++) printf("arg %s\\n", argv[i]);
  printf("env %s\\n", getenv("NAME"));
  while (fgets(buffer, sizeof buffer, stdin) != NULL) printf("line %s", buffer);
  printf("\\neof %d\\n", feof(stdin));

  int fd = open("/data/file", O_RDWR | O_CREAT | O_EXCL, 0666);
  say("open", fd < 0 ? -1 : 0);
  memset(buffer, 'x', sizeof buffer);
  say("write", write(fd, buffer, sizeof buffer));
  say("lseek", lseek(fd, 10, SEEK_SET));
  say("write", write(fd, "abc", 3));
  say("pwrite", pwrite(fd, "zz", 2, 200000));
  say("lseek", lseek(fd, 0, SEEK_CUR));
  say("pread", pread(fd, buffer, 6, 9));
  printf("%.6s\\n", buffer);
  say("end", lseek(fd, 0, SEEK_END));
  say("read", read(fd, buffer, 10));
  say("ftruncate", ftruncate(fd, 20));
  struct stat status;
  say("fstat", fstat(fd, &status));
  printf("size %lld links %d regular %d\\n", (long long)status.st_size, (int)status.st_nlink, S_ISREG(status.st_mode));
  say("fsync", fsync(fd));
  struct timespec times[2] = {{5, 6}, {7, 8}};
  say("futimens", futimens(fd, times));
  fstat(fd, &status);
  printf("times %lld %ld %lld %ld\\n", (long long)status.st_atim.tv_sec, status.st_atim.tv_nsec, (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  say("close", close(fd));
  say("open", open("/data/file", O_WRONLY | O_CREAT | O_EXCL, 0666));
  fd = open("/data/file", O_WRONLY | O_APPEND);
  say("append", write(fd, "end", 3));
  say("append", write(fd, "end", 3));
  say("read", read(fd, buffer, 1));
  close(fd);
  fd = open("/data/file", O_RDONLY);
  say("read", read(fd, buffer, sizeof buffer));
  printf("%.3s|%.6s\\n", buffer + 10, buffer + 20);
  say("write", write(fd, "a", 1));
  close(fd);

  say("mkdir", mkdir("/data/sub", 0777));
  say("mkdir", mkdir("/data/sub", 0777));
  say("rename", rename("/data/file", "/data/sub/moved"));
  say("link", link("/data/sub/moved", "/data/hard"));
  say("symlink", symlink("sub/moved", "/data/soft"));
  memset(buffer, 0, 100);
  say("readlink", readlink("/data/soft", buffer, 100));
  printf("%s\\n", buffer);
  say("stat", stat("/data/soft", &status));
  printf("links %d\\n", (int)status.st_nlink);
  say("lstat", lstat("/data/soft", &status));
  printf("link %d\\n", S_ISLNK(status.st_mode));
  struct stat other;
  stat("/data/hard", &status);
  stat("/data/sub/moved", &other);
  printf("same %d\\n", status.st_ino == other.st_ino);
  for (int i = 0; i < 250; i++) {
    snprintf(buffer, 100, "/data/sub/many-%d", i);
    close(open(buffer, O_CREAT | O_WRONLY, 0666));
  }
  list("/data");
  list("/data/sub");
  list("/none");
  list("/data/hard");
  say("rmdir", rmdir("/data/sub"));
  say("unlink", unlink("/data/sub"));
  say("unlink", unlink("/data/hard"));
  say("unlink", unlink("/data/hard"));
  say("escape", open("/data/../etc/passwd", O_RDONLY));
  say("escape", symlink("/etc", "/data/absolute"));
  say("truncate", open("/data/sub", O_WRONLY | O_TRUNC));
  fprintf(stderr, "to standard error\\n");
  return argc > 2 ? 1 : 0;
}
`;

test("files, arguments, variables and standard streams of C", async (t) => {
  const bytes = build(t, "c", files);
  if (bytes === undefined) return;
  const options = { directory: "/data", env: { NAME: "välue" }, stdin: "one\ntwo\nlast" };
  const { output, end } = await both(bytes, { ...options, args: ["ä"] });
  assert.match(output, /line last\neof 1\n/);
  assert.match(output, /to standard error\n/);
  assert.equal(end, "succeeded");
  assert.equal((await both(bytes, { ...options, args: ["1", "2"] })).end, "failed");
});

const waits = `
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
int main(void) {
  struct timespec before, after, pause = {0, 20000000};
  clock_gettime(CLOCK_MONOTONIC, &before);
  nanosleep(&pause, NULL);
  clock_gettime(CLOCK_MONOTONIC, &after);
  long long passed = (after.tv_sec - before.tv_sec) * 1000000000LL + after.tv_nsec - before.tv_nsec;
  printf("slept %d\\n", passed >= 20000000);
  clock_gettime(CLOCK_REALTIME, &after);
  printf("year %d\\n", after.tv_sec > 1700000000);
  unsigned char random[64];
  getentropy(random, sizeof random);
  int different = 0;
  for (int i = 1; i < 64; i++) different |= random[i] != random[0];
  printf("random %d\\n", different);
  struct pollfd ready = {1, POLLOUT, 0};
  printf("poll %d %d\\n", poll(&ready, 1, 1000), ready.revents);
  fflush(stdout);
  abort();
}
`;

test("clocks, waiting and randomness of C, and a trap", async (t) => {
  const bytes = build(t, "c", waits);
  if (bytes === undefined) return;
  const { output, end } = await both(bytes);
  assert.match(output, /slept 1\nyear 1\nrandom 1\n/);
  assert.equal(end, "trapped");
});

const chatty = `
#include <stdio.h>
int main(void) {
  static char line[5000];
  for (int i = 0; i < 4999; i++) line[i] = 'a' + i % 26;
  for (int i = 0; i < 1000; i++) printf("%d %s\\n", i, line);
}
`;

test("much output comes whole", async (t) => {
  const bytes = build(t, "c", chatty);
  if (bytes === undefined) return;
  assert.equal((await both(bytes)).output.length, 1000 * 5001 + 2890);
});

test("a command of Rust, with its standard library", async (t) => {
  const bytes = await guest(t, "rust-command", "rust");
  if (bytes === undefined) return;
  // Its last line is a panic.
  assert.equal((await both(bytes)).end, "trapped");
});

test("a command of C++", async (t) => {
  const bytes = await guest(t, "cpp-words", "cpp");
  if (bytes === undefined) return;
  const { output } = await both(bytes, { stdin: "one two two three three three" });
  assert.equal(output, "3 three\n2 two\n1 one\n");
});

/** What a connection answers with, until so many bytes have come. */
async function answer(flow: Flow, bytes: number): Promise<string> {
  let read = "";
  for (;;) {
    for (let chunk = flow.shift(); chunk !== undefined; chunk = flow.shift()) read += Buffer.from(chunk).toString();
    if (read.length >= bytes || flow.finished) return read;
    await new Promise<void>((resolve) => {
      flow.onReadable = resolve;
    });
  }
}

test("a server in Rust on wasi:sockets, with many connections at a time", async (t) => {
  if (!(await requireComponent(t, "rust-tcp-echo"))) return;
  const { instance, output } = await start(readFileSync(await buildComponent("rust-tcp-echo")), {
    args: ["echo", "0.0.0.0:7000"],
  });
  assert.equal(await instance.whenListening(), true, output());
  const listener = instance.listener(7000)!;
  const client = { ip: "192.0.2.1", port: 4000 };
  const ends = Array.from({ length: 50 }, () => listener.connect(client));
  for (const round of ["first", "second"]) {
    for (const [i, { output }] of ends.entries()) output.push(Buffer.from(`${round} ${i}`));
    for (const [i, { input }] of ends.entries()) {
      const expected = `${round} ${i}`;
      assert.equal(await answer(input, expected.length), expected);
    }
  }
  // Far more than what waits on the way.
  const [end] = ends;
  const large = Buffer.alloc(1_000_000, "x");
  let sent = 0;
  const push = () => {
    while (sent < large.length && end!.output.writable) {
      end!.output.push(large.subarray(sent, sent + 10_000));
      sent += 10_000;
    }
  };
  end!.output.onWritable = push;
  push();
  assert.equal((await answer(end!.input, large.length)).length, large.length);
  for (const { output } of ends) output.end();
  for (const { input } of ends) {
    await answer(input, Number.POSITIVE_INFINITY);
    assert.ok(input.finished);
  }
  assert.ok(instance.waiting);
  const { wakeUps } = instance;
  assert.equal(instance.wakeUps, wakeUps);
  instance.kill("the test is over");
  assert.equal((await instance.exited).kind, "killed");
});
