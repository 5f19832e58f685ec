import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { WarrenError } from "../../base/errors.ts";
import { buildProgram } from "../build/build-program.ts";
import { buildGo } from "../build/go-build.ts";
import { findProject, type Project } from "../build/project.ts";
import type { Language } from "../demo/toolchain.ts";
import { examples, type JsonOption, jsonOption, printJson } from "../options.ts";
import { Progress } from "../ui/progress.ts";
import { bold, dim } from "../ui/style.ts";
import { formatBytes, formatSpan } from "../ui/units.ts";

const languageFlags = { go: "go", rust: "rust", js: "typescript", c: "c" } as const satisfies Record<string, Language>;

/** Of a compiler that has said why. */
const failures: ReadonlySet<string> = new Set(["go.build-failed", "build.failed"]);

type LanguageFlag = keyof typeof languageFlags;

interface BuildOptions extends JsonOption, Partial<Record<LanguageFlag, boolean>> {
  readonly output?: string;
}

export function define(command: Command): void {
  jsonOption(command)
    .description(
      "Compile a program: Go as it is, sockets and all; Rust and C for WASI, and to a component if it is a handler; TypeScript and JavaScript to a handler with an engine in it. What stands after -- are flags of the compiler.",
    )
    .usage("[OPTIONS] [SOURCE] [-- FLAGS...]")
    .argument("[SOURCE]", "a folder, a file, or an import path of the Go module here", ".")
    .argument("[FLAGS...]", "flags of the compiler")
    .addOption(language("go", "it is Go; needed only where neither a go.mod nor a file's name says so"))
    .addOption(language("rust", "it is Rust, as a Cargo.toml says too"))
    .addOption(language("js", "it is TypeScript or JavaScript, as a package.json says too"))
    .addOption(language("c", "it is C, as *.c says too"))
    .option("-o, --output <FILE>", "the program to write, by default SOURCE.wasm here")
    .action(build);
  examples(command, [
    ["warren build ./cmd/shop", "Go: writes shop.wasm"],
    ["warren build --go -o /tmp/x.wasm . -- -tags=prod", "with a build tag"],
    ["warren build app.ts && warren deploy app.wasm", "a Hono app, or another that has fetch"],
    ["warren build --rust ./shop", "a cargo package"],
  ]);
}

function language(name: LanguageFlag, help: string): Option {
  const others = (Object.keys(languageFlags) as LanguageFlag[]).filter((other) => other !== name);
  return new Option(`--${name}`, help).conflicts(others);
}

async function build(target: string, flags: string[], options: BuildOptions): Promise<void> {
  const flag = (Object.keys(languageFlags) as LanguageFlag[]).find((name) => options[name]);
  const project = findProject(target, flag === undefined ? undefined : languageFlags[flag]);
  const output = options.output ?? `${project.name}.wasm`;
  const started = performance.now();
  let said = "";
  using progress = new Progress();
  progress.step(`compiling ${target}`);
  const onOutput = (text: string): void => {
    said += text;
    if (options.json) return;
    progress.clear();
    process.stderr.write(text);
  };
  try {
    const { version, component } = await compile(project, { output, flags, onOutput });
    progress.clear();
    const bytes = statSync(output).size;
    if (options.json) {
      const { language } = project;
      printJson({ language, toolchain: version, program: resolve(output), bytes, component });
      return;
    }
    const what = `${formatBytes(bytes)}${component ? " component" : ""}, ${version}`;
    const took = dim(`in ${formatSpan(performance.now() - started)}`, process.stdout);
    process.stdout.write(`${bold(output, process.stdout)} ${what} ${took}\n`);
  } catch (error) {
    // The compiler's words are the error; for programs they go into it.
    if (options.json && error instanceof WarrenError && failures.has(error.code))
      throw new WarrenError(error.code, `${error.message}\n${said}`.trimEnd());
    throw error;
  }
}

interface Compilation {
  readonly output: string;
  readonly flags: readonly string[];
  readonly onOutput: (text: string) => void;
}

async function compile(
  project: Project,
  compilation: Compilation,
): Promise<{ readonly version: string; readonly component: boolean }> {
  if (project.language !== "go") return buildProgram({ project, ...compilation });
  const { folder, entry = "." } = project;
  return { component: false, ...(await buildGo({ folder, target: entry, ...compilation })) };
}
