// Large programs of real toolchains write the same, byte for byte, rewritten as not. C, Go and Python are in
// src/wasm/rewrite/guests.test.ts.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { testTerms } from "../../src/engine/cpu/test-terms.ts";
import type { GuestOptions } from "../../src/engine/guest-options.ts";
import { startInstance } from "../../src/engine/instance.ts";
import { compileProgram } from "../../src/engine/program.ts";
import { assertSame } from "../../src/wasm/rewrite/testdata/command-comparison.ts";
import { buildGuest, requireToolchain } from "../guests/build.ts";
import { buildRuby } from "../guests/ruby.ts";

const packages = join(import.meta.dirname, "../../node_modules");

interface Output {
  readonly exit: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** By the engine, which gives it files. Interruptible, it gives way whenever its slice of 2 ms is over. */
async function run(bytes: Uint8Array, interruptible: boolean, options: Partial<GuestOptions>): Promise<Output> {
  const program = await compileProgram(bytes, { memoryMax: 512 * 2 ** 20, interruptible });
  const output = { stdout: "", stderr: "" };
  const instance = startInstance(program, {
    ...options,
    ...(interruptible ? { cpu: testTerms() } : {}),
    stdout: (chunk) => {
      output.stdout += Buffer.from(chunk).toString("latin1");
    },
    stderr: (chunk) => {
      output.stderr += Buffer.from(chunk).toString("latin1");
    },
  });
  return { exit: await instance.exited, ...output };
}

async function assertSameWithFiles(
  t: TestContext,
  bytes: Uint8Array,
  options: Partial<GuestOptions>,
  expected: RegExp,
): Promise<void> {
  const plain = await run(bytes, false, options);
  assert.match(plain.stdout, expected, plain.stderr);
  assert.deepEqual(await run(bytes, true, options), plain);
  t.diagnostic(`${plain.stdout.length + plain.stderr.length} bytes`);
}

/** A folder with one file. */
function folderWith(t: TestContext, name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "warren-program-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), text);
  return folder;
}

test("a Rust program", async (t) => {
  if (!(await requireToolchain(t, "rust"))) return;
  const bytes = new Uint8Array(readFileSync(await buildGuest("rust-command")));
  await assertSame(t, bytes, ["rust", "last"], /last\n$/);
});

const rubyScript = `$stdout.sync = true
def fib(n) = n < 2 ? n : fib(n - 1) + fib(n - 2)
words = Hash.new(0)
5000.times { |i| words["k#{i * 31 % 97}"] += i }
p words.sort.first(5), fib(18), 7 ** 300
text = words.map { |k, v| "#{k}=#{v}" }.join(",")
p text.scan(/k(9+)=(\\d+)/), text.tr("k", "q").reverse[0, 20], text.unpack("N*").sum
tree = ->(n) { n.zero? ? nil : [tree.(n - 1), tree.(n - 1), n] }
p tree.(10).flatten.compact.sum, (1..20000).select { |n| n.to_s == n.to_s.reverse }.last(3)
begin
  Integer("none")
rescue ArgumentError => e
  puts "caught #{e.message}"
end
f = Fiber.new { 5.times { |i| Fiber.yield i * i } }
p Array.new(4) { f.resume }, catch(:out) { 100.times { |i| throw :out, i if i > 41 } }
`;

test("Ruby", async (t) => {
  const source = folderWith(t, "script.rb", rubyScript);
  await assertSameWithFiles(
    t,
    readFileSync(await buildRuby()),
    { args: ["ruby", "--disable=gems", "/app/script.rb"], mounts: [{ source, target: "/app", mode: "ro" }] },
    /caught invalid value for Integer\(\): "none"\n/,
  );
});

const yosysScript = `read_verilog <<EOT
module counter(input clk, input rst, input [7:0] step, output reg [15:0] sum, output odd);
  always @(posedge clk) if (rst) sum <= 0; else sum <= sum * 3 + {step, step} - (sum >> step[2:0]);
  assign odd = ^sum;
endmodule
EOT
hierarchy -top counter
proc
opt -full
wreduce
alumacc
share
opt_dff
sat -seq 4 -set-init-zero -set-at 4 odd 1 -set-at 3 sum 1000 -show sum,step counter
simplemap
opt -full
stat
write_rtlil
write_verilog
`;

test("yosys", async (t) => {
  const source = folderWith(t, "counter.ys", yosysScript);
  await assertSameWithFiles(
    t,
    readFileSync(join(packages, "@yowasp/yosys/gen/yosys.core.wasm")),
    { args: ["yosys", "-Q", "-T", "-s", "/design/counter.ys"], mounts: [{ source, target: "/design", mode: "ro" }] },
    /Number of cells: +[1-9]/,
  );
});
