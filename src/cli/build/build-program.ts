import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { WarrenError } from "../../base/errors.ts";
import { cacheFolder } from "../demo/build-example.ts";
import { findToolchain, languageNames } from "../demo/toolchain.ts";
import { makeComponent } from "./make-component.ts";
import type { Project } from "./project.ts";

export interface ProgramBuild {
  readonly project: Project;
  /** The file to be written. */
  readonly output: string;
  /** More flags of the compiler. */
  readonly flags: readonly string[];
  /** What the compiler says. */
  readonly onOutput: (text: string) => void;
}

export interface ProgramBuilt {
  /** The compiler, as it calls itself. */
  readonly version: string;
  readonly component: boolean;
}

/**
 * Compiles a program of any language but Go, and makes a component of it if it is the core of one. Throws `toolchain.missing`,
 * `build.failed` when the compiler does not like the program (it has said why), and what {@link makeComponent} throws.
 */
export async function buildProgram({ project, output, flags, onOutput }: ProgramBuild): Promise<ProgramBuilt> {
  const { language, folder, entry } = project;
  const toolchain = await findToolchain(language, process.env, folder);
  if (!toolchain.available)
    throw new WarrenError("toolchain.missing", `${languageNames[language]} cannot be compiled: ${toolchain.reason}`, {
      hint: toolchain.install,
    });
  if (toolchain.compile === undefined)
    throw new WarrenError("build.nothing-to-compile", `${languageNames[language]} is not compiled`, {
      hint: "deploy the folder as it is: its warren.toml names the interpreter",
    });
  const scratch = cacheFolder();
  mkdirSync(scratch, { recursive: true });
  const path = resolve(output);
  // The old one stays until the new one is whole.
  const unfinished = `${path}.${randomUUID()}`;
  const made = entry === undefined ? {} : { entry };
  const compilation = toolchain.compile({ source: folder, ...made, output: unfinished, scratch, flags });
  try {
    await run(compilation.command, compilation.args, { ...process.env, ...compilation.env }, folder, onOutput);
    if (!existsSync(compilation.product))
      throw new WarrenError("build.no-product", `the compiler succeeded, but left no ${compilation.product}`, {
        hint: 'a library of Rust needs crate-type = ["cdylib"]',
      });
    const program = await makeComponent(await readFile(compilation.product), folder);
    await writeFile(unfinished, program);
    await rename(unfinished, path);
    return { version: toolchain.version.split("\n")[0]!, component: program[6] === 1 };
  } finally {
    await rm(unfinished, { force: true });
  }
}

async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string,
  onOutput: (text: string) => void,
): Promise<void> {
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", onOutput);
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (code === 0) return;
  const name = join(command).split("/").at(-1);
  throw new WarrenError("build.failed", `\`${name}\` failed (${signal ?? `exit code ${code}`})`);
}
