import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The first executable of that name in PATH, or undefined. */
export function findExecutable(name: string, env: NodeJS.ProcessEnv): string | undefined {
  for (const folder of (env.PATH ?? "").split(delimiter)) {
    const path = join(folder || ".", name);
    if (isExecutable(path)) return path;
  }
  return undefined;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The names under which distributions install a part of LLVM: without a number, then the newest first. */
export function llvmNames(name: string): string[] {
  const newest = 24;
  const oldest = 14;
  return [name, ...Array.from({ length: newest - oldest + 1 }, (_, i) => `${name}-${newest - i}`)];
}

/** What a command prints, without the last line's end; its complaint is `error` when it fails. */
export function capture(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd?: string,
): Promise<{ readonly output: string } | { readonly error: string }> {
  return new Promise((resolve) => {
    execFile(command, args, { env, cwd, timeout: 60_000, maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
      if (error === null) resolve({ output: stdout.trim() });
      else resolve({ error: stderr.trim().split("\n").at(-1) || error.message });
    });
  });
}
