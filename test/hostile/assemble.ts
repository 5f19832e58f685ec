import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Attack, moduleText } from "./attacks.ts";

// binaryen's assembler, which comes with the packages.
const assembler = join(import.meta.dirname, "../../node_modules/.bin/wasm-as");

/** The module of an attack. */
export function assembleAttack(attack: Attack): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "warren-hostile-"));
  try {
    const from = join(folder, "guest.wat");
    const to = join(folder, "guest.wasm");
    writeFileSync(from, moduleText(attack));
    execFileSync(assembler, ["--all-features", "-o", to, from]);
    return readFileSync(to);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
