// Programs of real toolchains with a function `handle(n) → i32` that allocates, formats, sorts and keeps things in statics; every seventh
// request ends in the middle of it. Built once and kept by the hash of what makes them.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = join(tmpdir(), `warren-reset-guests-${process.getuid?.() ?? 0}`);

export interface GuestProgram {
  readonly name: string;
  /** Why it cannot be built here. */
  missing(): string | undefined;
  build(): Promise<Uint8Array>;
}

const cText = `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int calls; static char *kept[16]; static char name[64]; static double mean;
static int compare(const void *a, const void *b) { return *(int *)a - *(int *)b; }
static int depth(int n) { volatile char frame[300]; frame[n % 300] = n; return n < 2 ? frame[n % 300] : depth(n - 1) + frame[n % 300]; }
__attribute__((export_name("handle"))) int handle(int n) {
  calls++;
  int count = n % 3000; int *list = malloc((count + 1) * sizeof *list); unsigned seed = n;
  for (int i = 0; i < count; i++) { seed = seed * 1664525 + 1013904223; list[i] = seed >> 8; }
  qsort(list, count, sizeof *list, compare);
  snprintf(name, sizeof name, "request %d of %d", n, calls);
  mean = count ? list[count / 2] * 0.5 : 0;
  kept[calls % 16] = strdup(name);
  if (n % 7 == 6) { memset(list, 7, count * sizeof *list); __builtin_trap(); }
  char *large = calloc(1, n % 5 == 4 ? 900000 : 100); memmove(large + 3, name, strlen(name));
  if (n % 3) free(list);
  printf("%s %g\\n", large + 3, mean);
  return calls * 1000 + depth(n % 200) + (count ? list[count / 3] : 0) + (int)strlen(large + 3);
}`;

const rustText = `use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
thread_local! { static SEEN: RefCell<Vec<String>> = RefCell::new(Vec::new()); }
static mut CALLS: u32 = 0;
#[no_mangle]
pub extern "C" fn handle(n: u32) -> u32 {
    unsafe { CALLS += 1; }
    let mut map: HashMap<String, u64> = HashMap::new();
    for i in 0..n % 2000 { *map.entry(format!("key{}", i * 7919 % 97)).or_insert(0) += i as u64; }
    let sorted: BTreeMap<_, _> = map.iter().collect();
    let text = sorted.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("&");
    SEEN.with(|seen| seen.borrow_mut().push(text.clone()));
    if n % 7 == 6 { let nothing: Vec<u32> = Vec::new(); return nothing[n as usize]; }
    println!("{}", text.len());
    text.bytes().fold(0u32, |h, b| h.wrapping_mul(31).wrapping_add(b as u32))
        .wrapping_add(SEEN.with(|s| s.borrow().len() as u32) * 1000 + unsafe { CALLS })
}
`;

const assemblyScriptText = `let calls = 0; let kept: string[] = []; const names = new Map<string, i32>();
export function handle(n: i32): i32 {
  calls++;
  const list: i32[] = [];
  for (let i = 0; i < n % 900; i++) { list.push((i * 7919) % 1013); names.set("key" + (i % 50).toString(), i); }
  list.sort();
  kept.push(list.join(","));
  if (n % 7 == 6) unreachable();
  return calls * 1000 + kept.length * 100 + names.size + (list.length ? list[list.length / 3] : 0) + kept[0].length;
}`;

const rustLibrary = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";
const rustStart = "/usr/lib/wasm32-wasi/crt1-reactor.o";

export const guestPrograms: readonly GuestProgram[] = [
  {
    name: "C",
    missing: () => (spawnSync("clang-19", ["--version"]).status === 0 ? undefined : "clang-19 is not installed"),
    build: async () =>
      kept("c", cText, (work, output) => {
        writeFileSync(join(work, "main.c"), cText);
        const flags = ["--target=wasm32-wasi", "--sysroot=/usr", "-O2", "-mbulk-memory", "-mexec-model=reactor"];
        execFileSync("clang-19", [...flags, "main.c", "-o", output], { cwd: work });
      }),
  },
  {
    name: "Rust",
    missing: () =>
      ["/usr/bin/cargo", "/usr/bin/rustc", "/usr/bin/wasm-ld-19", rustLibrary, rustStart].every((path) =>
        existsSync(path),
      )
        ? undefined
        : "rustc-web, cargo-web, rust-web-src, lld-19 and wasi-libc are not installed",
    build: async () => kept("rust", rustText, buildRust),
  },
  {
    name: "AssemblyScript",
    missing: () => undefined,
    build: async () => {
      const { default: asc } = await import("assemblyscript/asc");
      const { error, binary, stderr } = await asc.compileString(assemblyScriptText, { optimizeLevel: 2 });
      if (error !== null || binary === null) throw new Error(stderr.toString());
      return binary;
    },
  },
];

/** The standard library is built from Debian's source, which takes a minute, once for this folder. */
function buildRust(work: string, output: string): void {
  mkdirSync(join(work, "src"), { recursive: true });
  writeFileSync(join(work, "src/lib.rs"), rustText);
  writeFileSync(
    join(work, "Cargo.toml"),
    `[package]\nname = "guest"\nversion = "0.1.0"\nedition = "2021"\n[lib]\ncrate-type = ["cdylib"]\n[profile.release]\npanic = "abort"\n`,
  );
  const target = "wasm32-wasip1";
  const args = ["build", "--offline", "--release", "-Zbuild-std=std,panic_abort", "--target", target];
  const env = {
    ...process.env,
    RUSTC: "/usr/bin/rustc",
    RUSTC_BOOTSTRAP: "1",
    CARGO_TARGET_DIR: join(folder, "target"),
    CARGO_TARGET_WASM32_WASIP1_LINKER: "/usr/bin/wasm-ld-19",
    CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS: `-Clink-self-contained=no -L/usr/lib/wasm32-wasi -Clink-arg=${rustStart}`,
  };
  execFileSync("/usr/bin/cargo", args, { cwd: work, env, stdio: "pipe" });
  renameSync(join(folder, "target", target, "release/guest.wasm"), output);
}

function kept(name: string, text: string, build: (work: string, output: string) => void): Uint8Array {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
  const work = join(folder, `${name}-${hash}`);
  const output = join(work, "guest.wasm");
  if (!existsSync(output)) {
    mkdirSync(work, { recursive: true });
    // Another test may be at it too: the file appears whole.
    const made = join(work, `guest-${process.pid}.wasm`);
    build(work, made);
    renameSync(made, output);
  }
  return new Uint8Array(readFileSync(output));
}
