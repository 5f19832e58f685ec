import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, globSync } from "node:fs";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { parse } from "smol-toml";
import { WarrenError } from "../../base/errors.ts";
import { findJco } from "../build/jco.ts";
import { makeComponent } from "../build/make-component.ts";
import { type Compilation, findToolchain, type Language, languageNames } from "./toolchain.ts";
import { scriptEntry } from "./toolchains/typescript.ts";

export interface BuildOptions {
  /** For the modules and what the compilers keep; by default {@link cacheFolder}. */
  readonly outDir?: string;
  /** The compiler's own flags, added at the end. */
  readonly flags?: readonly string[];
  /** Files outside the folder that the product depends on. */
  readonly inputs?: readonly string[];
  readonly signal?: AbortSignal;
  /** What the compiler says while it works, a line at a time. */
  readonly onProgress?: (line: string) => void;
}

export interface BuiltExample {
  readonly language: Language;
  /** Absolute path of the module. */
  readonly program: string;
  /** Nothing had to be compiled. */
  readonly cached: boolean;
}

/** Modules of one example that stay in the cache, the newest: for a few checkouts and their branches. */
const keptMax = 4;

/** Lines of the compiler's output that an error quotes. */
const quotedLinesMax = 20;

/** `$XDG_CACHE_HOME/warren/examples`, or under `~/.cache`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  // XDG Base Directory Specification: a relative path is to be ignored.
  const base = env.XDG_CACHE_HOME?.startsWith("/") ? env.XDG_CACHE_HOME : join(homedir(), ".cache");
  return join(base, "warren", "examples");
}

/** What a folder is written in, told by the file that its build starts from. Throws `example.unknown-language`. */
export function languageOf(dir: string): Language {
  if (existsSync(join(dir, "go.mod"))) return "go";
  if (existsSync(join(dir, "Cargo.toml"))) return "rust";
  if (existsSync(join(dir, "assembly", "index.ts"))) return "assemblyscript";
  if (globSync("*.c", { cwd: dir }).length > 0) return "c";
  if (globSync("*.cpp", { cwd: dir }).length > 0) return "cpp";
  if (globSync("app/*.py", { cwd: dir }).length > 0) return "python";
  if (existsSync(join(dir, "package.json")) && scriptEntry(dir) !== undefined) return "typescript";
  throw new WarrenError(
    "example.unknown-language",
    `${dir} is not an example: none of go.mod, Cargo.toml, package.json, assembly/index.ts, *.c, *.cpp, app/*.py is there`,
  );
}

/**
 * Compiles the example in `dir`, or finds the module that an earlier call compiled from the same sources with the same
 * compiler. Throws `toolchain.missing`, `example.build-failed`, `example.unknown-language`, or what `signal` gives.
 */
export async function buildExample(dir: string, options: BuildOptions = {}): Promise<BuiltExample> {
  const { outDir = cacheFolder(), flags = [], inputs = [], signal, onProgress } = options;
  signal?.throwIfAborted();
  const source = resolve(dir);
  const name = basename(source);
  const language = languageOf(source);
  const toolchain = await findToolchain(language, process.env, source);
  if (!toolchain.available) {
    throw new WarrenError("toolchain.missing", `${name} needs ${languageNames[language]}: ${toolchain.reason}`, {
      hint: toolchain.install,
    });
  }
  if (toolchain.compile === undefined) return { language, program: await givenProgram(source), cached: true };

  const how = toolchain.compile({ source, output: "output", scratch: "scratch", flags });
  const hash = await hashOf(source, inputs, [
    toolchain.version,
    ...componentsBy(language, source),
    JSON.stringify(how),
  ]);
  const program = join(outDir, `${name}-${hash}.wasm`);
  if (existsSync(program)) return { language, program, cached: true };

  await mkdir(outDir, { recursive: true });
  // Two builds at once do the work twice, but neither sees half a module.
  const output = join(outDir, `.${name}-${randomUUID()}.wasm`);
  try {
    const compilation = toolchain.compile({ source, output, scratch: outDir, flags });
    await run(name, compilation, source, { signal, onProgress });
    await writeFile(output, await makeComponent(await readFile(compilation.product), source));
    await rename(output, program);
    await forgetOld(outDir, name);
  } finally {
    await rm(output, { force: true });
  }
  return { language, program, cached: false };
}

/** The version of what makes components of a language's modules. */
function componentsBy(language: Language, source: string): string[] {
  return language === "c" || language === "cpp" || language === "rust" ? [findJco(source)?.version ?? ""] : [];
}

async function forgetOld(outDir: string, name: string): Promise<void> {
  const paths = globSync(`${name}-${"[0-9a-f]".repeat(16)}.wasm`, { cwd: outDir }).map((file) => join(outDir, file));
  const found = await Promise.all(paths.map(async (path) => ({ path, age: Date.now() - (await stat(path)).mtimeMs })));
  for (const { path } of found.sort((a, b) => a.age - b.age).slice(keptMax)) await rm(path, { force: true });
}

/** The program that the example's manifest names, where nothing is compiled. */
async function givenProgram(source: string): Promise<string> {
  const { program } = parse(await readFile(join(source, "warren.toml"), "utf8"));
  if (typeof program !== "string")
    throw new WarrenError("example.no-program", `${source}/warren.toml names no program`);
  return resolve(source, program);
}

async function hashOf(source: string, inputs: readonly string[], parameters: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  const add = (value: string | Uint8Array) => hash.update(`${value.length}:`).update(value);
  for (const parameter of parameters) add(parameter);
  const ignored = /(^|\/)(target|node_modules|README\.md|warren\.toml|[^/]*\.wasm)$/;
  const entries = globSync("**/*", { cwd: source, withFileTypes: true, exclude: (entry) => ignored.test(entry.name) });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of [...files.sort(), ...inputs]) {
    add(relative(source, file));
    add(await readFile(file));
  }
  return hash.digest("hex").slice(0, 16);
}

/** Runs the compiler to its end. Throws `example.build-failed` with what it said. */
async function run(
  name: string,
  { command, args, env }: Compilation,
  cwd: string,
  { signal, onProgress }: { signal: AbortSignal | undefined; onProgress: ((line: string) => void) | undefined },
): Promise<void> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const stop = () => void child.kill();
  signal?.addEventListener("abort", stop);
  const quoted: string[] = [];
  const listen = (stream: NodeJS.ReadableStream) => {
    let rest = "";
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()?.slice(-10_000) ?? "";
      for (const line of lines) {
        quoted.push(line);
        if (quoted.length > quotedLinesMax) quoted.shift();
        if (line.trim() !== "") onProgress?.(line.trim());
      }
    });
  };
  listen(child.stdout);
  listen(child.stderr);
  const { promise, resolve: settle } = Promise.withResolvers<string | undefined>();
  child.on("error", (error) => settle(error.message));
  child.on("close", (code, by) => settle(code === 0 ? undefined : by === null ? `exit code ${code}` : by));
  const failure = await promise;
  signal?.removeEventListener("abort", stop);
  signal?.throwIfAborted();
  if (failure === undefined) return;
  throw new WarrenError(
    "example.build-failed",
    `building ${name} failed (${failure})\n${quoted.join("\n")}`.trimEnd(),
    {
      hint: `see it again with: cd ${cwd} && ${[command, ...args].join(" ")}`,
    },
  );
}
