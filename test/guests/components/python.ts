import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "../../../src/cli/demo/build-example.ts";
import { findExecutable } from "../../../src/cli/demo/toolchains/executable.ts";

const run = promisify(execFile);
const version = "0.25.1";
const wit = join(import.meta.dirname, "../../../sdk/wit");

/** Whether there is a Python that can install componentize-py into an environment of its own. */
export async function findPython(): Promise<{ available: true } | { available: false; reason: string }> {
  const python = findExecutable("python3", process.env);
  if (python === undefined) return { available: false, reason: "there is no python3 on PATH" };
  try {
    await run(python, ["-c", "import venv, ensurepip"]);
    return { available: true };
  } catch {
    return { available: false, reason: "python3 makes no environments: apt install python3-venv" };
  }
}

/** A folder's app.py as a component with CPython in it, 18 MB. */
export async function buildPython(folder: string): Promise<string> {
  const source = await readFile(join(folder, "app.py"));
  const hash = createHash("sha256").update(`componentize-py ${version}\n`).update(source).digest("hex").slice(0, 16);
  const cache = cacheFolder();
  const program = join(cache, `python-handler-${hash}.wasm`);
  if (existsSync(program)) return program;
  const componentize = await installed(cache);
  const unfinished = join(cache, `.python-handler-${randomUUID()}.wasm`);
  try {
    const args = ["-d", wit, "-w", "fetch", "componentize", "app", "-o", unfinished];
    await run(componentize, args, { cwd: folder, env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" } });
    await rename(unfinished, program);
  } finally {
    await rm(unfinished, { force: true });
  }
  return program;
}

async function installed(cache: string): Promise<string> {
  const home = join(cache, `componentize-py-${version}`);
  const command = join(home, "bin/componentize-py");
  if (existsSync(command)) return command;
  await mkdir(cache, { recursive: true });
  await run("python3", ["-m", "venv", "--clear", home]);
  await run(join(home, "bin/pip"), [
    "install",
    "--quiet",
    "--disable-pip-version-check",
    `componentize-py==${version}`,
  ]);
  return command;
}
