// Files of a guest under `warren run` against the same program built for this machine: sequential and random transfers, and
// a folder of many small files. See README.md.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { printTable, ratios, spread, spreadText } from "./support/figures.ts";
import { Scope } from "./support/scope.ts";

const rounds = Number(process.env.ROUNDS ?? 5);
const megabytes = process.env.MEGABYTES ?? "256";
const files = process.env.FILES ?? "100000";
const clang = process.env.CLANG ?? "clang-19";
const warren = join(import.meta.dirname, "../warren");
const source = join(import.meta.dirname, "files/files.c");

await using scope = new Scope();
// In memory where there is such a place: what a disk takes is the same for both.
const where = process.env.WHERE ?? (existsSync("/dev/shm") ? "/dev/shm" : tmpdir());
const folder = mkdtempSync(join(where, "warren-bench-files-"));
scope.after(() => rmSync(folder, { recursive: true, force: true }));
const native = join(folder, "files");
const module = join(folder, "files.wasm");
execFileSync(clang, ["-O2", source, "-o", native], { stdio: "inherit" });
execFileSync(clang, ["--target=wasm32-wasi", "--sysroot=/usr", "-O2", source, "-o", module], { stdio: "inherit" });

/** Nanoseconds for each operation, by name. */
function measure(command: string, args: readonly string[]): Map<string, number> {
  const data = join(folder, "data");
  mkdirSync(data);
  const output = execFileSync(command, args, { encoding: "utf8" });
  rmSync(data, { recursive: true });
  const lines = output.trim().split("\n");
  return new Map(
    lines.map((line) => line.split(" ") as [string, string]).map(([name, value]) => [name, Number(value)]),
  );
}

const times = { native: new Map<string, number[]>(), guest: new Map<string, number[]>() };
for (let round = 0; round < rounds; round++) {
  const data = join(folder, "data");
  const taken = {
    native: measure(native, [data, megabytes, files]),
    guest: measure(warren, ["run", "--rw", `${data}:/data`, module, "/data", megabytes, files]),
  };
  for (const which of ["native", "guest"] as const)
    for (const [name, value] of taken[which]) times[which].set(name, [...(times[which].get(name) ?? []), value]);
}

const rows = [...times.native].map(([name, natives]) => {
  const guests = times.guest.get(name) ?? [];
  const micro = (values: readonly number[]) => spreadText(spread(values.map((value) => value / 1000)));
  return [name, micro(natives), micro(guests), spreadText(ratios(guests, natives))];
});
console.log(`\nFiles in ${where}, µs for each, ${megabytes} MiB, ${files} files, ${rounds} rounds\n`);
printTable(["operation", "native", "`warren run`", "ratio"], rows);
