import { WarrenError } from "../base/errors.ts";
import { listImports } from "./list-imports.ts";
import { findExport, functionType, type ImportInfo, type ModuleInfo } from "./module-info.ts";

/** How a core module is run: a command by `_start`, once; a reactor by `_initialize`, then by its exports. */
export interface ProgramKind {
  readonly kind: "command" | "reactor";
  readonly entry: "_start" | "_initialize";
}

/** The module name of WASI preview 1's imports. */
export const preview1 = "wasi_snapshot_preview1";

/**
 * Emscripten's standalone modules (-sSTANDALONE_WASM) import it from `env` when their memory may grow: a word to JavaScript, which
 * keeps views of the memory. Any host may ignore it.
 */
export const memoryGrowthNotice = "emscripten_notify_memory_growth";

/** Programs made for another host, told by what they import. The first that fits is named. */
const otherHosts: readonly {
  readonly code: string;
  readonly what: string;
  readonly hint: string;
  readonly matches: (item: ImportInfo) => boolean;
}[] = [
  {
    code: "program.gojs",
    what: "is Go built for JavaScript hosts",
    hint: "Build it with GOOS=wasip1 GOARCH=wasm (TinyGo: -target wasip1).",
    matches: ({ module }) => module === "gojs" || module === "go",
  },
  {
    code: "program.preview-0",
    what: "is built for a WASI older than preview 1",
    hint: "Build it with a current toolchain, for wasm32-wasip1.",
    matches: ({ module }) => module === "wasi_unstable",
  },
  {
    code: "program.wasix",
    what: "is built for WASIX",
    hint: "Build it for WASI preview 1 (wasm32-wasip1).",
    matches: ({ module }) => module.startsWith("wasix_"),
  },
  {
    code: "program.threads",
    what: "starts threads, which services do not have",
    hint: "Build it for wasm32-wasip1 instead of wasm32-wasip1-threads.",
    matches: ({ module, name }) => module === "wasi" && name === "thread-spawn",
  },
  {
    code: "program.component-core",
    what: "is the core of a component and not the component itself",
    hint: "Make it one with: warren build, or wasm-tools component new.",
    matches: ({ module }) => /^(wasi:|\[export\])|^[a-z0-9-]+:[a-z0-9-]+\//.test(module),
  },
  {
    code: "program.wasm-bindgen",
    what: "is built with wasm-bindgen for JavaScript hosts",
    hint: "Build it for wasm32-wasip1 with plain cargo, without wasm-bindgen or wasm-pack.",
    matches: ({ module }) => /^(__wbindgen_|wbg$|\.\/.*_bg\.js$)/.test(module),
  },
  {
    code: "program.assemblyscript-env",
    what: "is AssemblyScript built for JavaScript hosts",
    hint: "Compile it with --config ./node_modules/@assemblyscript/wasi-shim/asconfig.json.",
    matches: ({ module, name }) => module === "env" && (name === "abort" || name === "seed" || name === "trace"),
  },
  {
    code: "program.emscripten",
    what: "is built with Emscripten for JavaScript hosts",
    hint: "Build it with clang --target=wasm32-wasip1 (the WASI SDK), or link with -sSTANDALONE_WASM.",
    matches: ({ module, name }) =>
      (module === "env" || module === "a") &&
      name !== memoryGrowthNotice &&
      (module === "a" ||
        /^(_?emscripten_|__cxa_|__syscall_|_?__assert_fail|invoke_|_abort_js|_embind_|asm_const)/.test(name)),
  },
];

/**
 * Tells how a module is to be run.
 *
 * Throws `program.no-entry`, `program.bad-entry`, `program.no-memory`, and for programs made for another host
 * `program.gojs`, `program.emscripten` and the like, each with what to do about it.
 * Whether all imports are there is {@link checkImports}' question.
 */
export function programKind(info: ModuleInfo): ProgramKind {
  for (const { code, what, hint, matches } of otherHosts) {
    const imports = info.imports.filter(matches);
    if (imports.length > 0) {
      throw new WarrenError(code, `the program ${what}: it imports ${listImports(imports)}`, { hint });
    }
  }
  const kind = entryKind(info);
  if (info.imports.some(({ module }) => module === preview1) && findExport(info, "memory")?.kind !== "memory") {
    throw new WarrenError("program.no-memory", 'the program uses WASI but exports no memory named "memory"', {
      hint: "Link it with --export-memory, or without --import-memory.",
    });
  }
  return kind;
}

function entryKind(info: ModuleInfo): ProgramKind {
  for (const [entry, kind] of [
    ["_start", "command"],
    ["_initialize", "reactor"],
  ] as const) {
    const found = findExport(info, entry);
    if (found === undefined) continue;
    const type = found.kind === "func" ? functionType(info, found.index) : undefined;
    if (type === undefined || type.params.length > 0 || type.results.length > 0) {
      throw new WarrenError(
        "program.bad-entry",
        `the program's ${entry} is not a function without parameters and results`,
        {
          hint: "Build it as a WASI preview 1 command or reactor.",
        },
      );
    }
    return { kind, entry };
  }
  throw new WarrenError(
    "program.no-entry",
    "the program exports neither _start nor _initialize, so nothing can be run",
    {
      hint: "Build it as a WASI command, with a main function: for wasm32-wasip1, not as a library.",
    },
  );
}
