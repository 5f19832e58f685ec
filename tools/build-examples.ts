// Builds every example that this machine has the compiler for, and puts the module where its warren.toml expects it, so
// that `warren deploy examples/NAME` works: node tools/build-examples.ts [NAME…]
import { copyFileSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { WarrenError } from "../src/base/errors.ts";
import { buildExample } from "../src/cli/demo/build-example.ts";
import { findDeployment } from "../src/cli/deploy/deployment.ts";

const examples = join(import.meta.dirname, "..", "examples");
const wanted = process.argv.slice(2);
const names = wanted.length > 0 ? wanted : readdirSync(examples).filter(hasProgram).sort();
for (const name of names) {
  const dir = join(examples, name);
  try {
    const onProgress = (line: string) => process.stderr.write(`  ${line}\n`);
    const { program, cached } = await buildExample(dir, { onProgress });
    const own = join(dir, `${name}.wasm`);
    const path = program.includes("node_modules") ? program : own;
    if (path === own) copyFileSync(program, own);
    console.log(`${name}: ${path}${cached ? "" : " (built)"}`);
  } catch (error) {
    if (!(error instanceof WarrenError)) throw error;
    console.log(`${name}: ${error.message}${error.hint === undefined ? "" : `; ${error.hint}`}`);
    if (error.code !== "toolchain.missing") process.exitCode = 1;
  }
}

function hasProgram(name: string): boolean {
  const dir = join(examples, name);
  return existsSync(join(dir, "warren.toml")) && findDeployment(dir).program !== undefined;
}
