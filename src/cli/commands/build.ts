import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { WarrenError } from "../../base/errors.ts";
import { buildGo } from "../build/go-build.ts";
import { examples, type JsonOption, jsonOption, printJson } from "../options.ts";
import { Progress } from "../ui/progress.ts";
import { bold, dim } from "../ui/style.ts";
import { formatBytes, formatSpan } from "../ui/units.ts";

interface BuildOptions extends JsonOption {
  readonly go?: boolean;
  readonly output?: string;
}

export function define(command: Command): void {
  jsonOption(command)
    .description(
      "Compile a program that must not be edited. Go: any main package, whose net.Listen, net.Dial, UDP and name look-ups then are Warren's; it has what it is granted. What stands after -- are flags of `go build`.",
    )
    .usage("[OPTIONS] [PACKAGE] [-- FLAGS...]")
    .argument("[PACKAGE]", "a main package: a folder, or an import path of the module here", ".")
    .argument("[FLAGS...]", "flags of the compiler")
    .option("--go", "it is Go; not needed where a go.mod or a file's name says so")
    .option("-o, --output <FILE>", "the module to write, by default PACKAGE.wasm here")
    .action(build);
  examples(command, [
    ["warren build ./cmd/shop", "writes shop.wasm"],
    ["warren build --go -o /tmp/x.wasm . -- -tags=prod", "with a build tag"],
    ["warren build . && warren deploy shop.wasm", ""],
  ]);
}

async function build(target: string, flags: string[], options: BuildOptions): Promise<void> {
  const { folder, name, main } = locate(target);
  if (!options.go && !target.endsWith(".go") && !hasGoModule(folder))
    throw new WarrenError("build.unknown-language", `${folder} holds no go.mod, nor does a folder above it`, {
      hint: "Go is what can be built; --go says that it is Go all the same",
    });
  const output = options.output ?? `${name}.wasm`;
  const started = performance.now();
  let said = "";
  using progress = new Progress();
  progress.step(`compiling ${target}`);
  try {
    const { version } = await buildGo({
      folder,
      target: main,
      output,
      flags,
      onOutput: (text) => {
        said += text;
        if (options.json) return;
        progress.clear();
        process.stderr.write(text);
      },
    });
    progress.clear();
    const bytes = statSync(output).size;
    if (options.json) {
      printJson({ language: "go", toolchain: version, program: resolve(output), bytes });
      return;
    }
    const took = dim(`in ${formatSpan(performance.now() - started)}`, process.stdout);
    process.stdout.write(`${bold(output, process.stdout)} ${formatBytes(bytes)}, ${version} ${took}\n`);
  } catch (error) {
    // The compiler's words are the error; for programs they go into it.
    if (options.json && error instanceof WarrenError && error.code === "go.build-failed")
      throw new WarrenError(error.code, `${error.message}\n${said}`.trimEnd());
    throw error;
  }
}

interface Located {
  /** Where go runs, so that a module elsewhere is found too. */
  readonly folder: string;
  /** What the program is called. */
  readonly name: string;
  /** The package as go is to be told from there. */
  readonly main: string;
}

function locate(target: string): Located {
  const path = resolve(target);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    return { folder: path, name: basename(path), main: "." };
  // `go build` also takes a file of a package, and import paths.
  if (target.endsWith(".go")) return { folder: dirname(path), name: basename(path, ".go"), main: basename(path) };
  return { folder: process.cwd(), name: basename(target), main: target };
}

function hasGoModule(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, "go.mod")) || existsSync(join(at, "go.work"))) return true;
    if (at === dirname(at)) return false;
  }
}
