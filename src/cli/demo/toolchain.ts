import { findAssemblyScript } from "./toolchains/assemblyscript.ts";
import { findC, findCpp } from "./toolchains/c.ts";
import { findGo } from "./toolchains/go.ts";
import { findPython } from "./toolchains/python.ts";
import { findRust } from "./toolchains/rust.ts";
import { findTypeScript } from "./toolchains/typescript.ts";

export type Language = "go" | "rust" | "c" | "cpp" | "typescript" | "assemblyscript" | "python";

export const languageNames: Readonly<Record<Language, string>> = {
  go: "Go",
  rust: "Rust",
  c: "C",
  cpp: "C++",
  typescript: "TypeScript",
  assemblyscript: "AssemblyScript",
  python: "Python",
};

/** A compiler's call, and where it leaves the module. */
export interface Compilation {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
  readonly product: string;
}

export interface CompileOptions {
  /** The folder of the sources; the compiler runs there. */
  readonly source: string;
  /** The one file of it that is compiled; all, or the one that the project names, when undefined. */
  readonly entry?: string;
  /** A file in it is where the product should be, unless the compiler has a mind of its own. */
  readonly output: string;
  /** A folder that outlives the call, for what makes the next one faster. */
  readonly scratch: string;
  /** The compiler's own flags, added at the end. */
  readonly flags: readonly string[];
}

export type Toolchain =
  | {
      readonly available: true;
      /** Changes whenever the same source may compile to something else. */
      readonly version: string;
      /** Undefined where the sources are run as they are by a program from a package. */
      readonly compile: ((options: CompileOptions) => Compilation) | undefined;
    }
  | { readonly available: false; readonly reason: string; readonly install: string };

/**
 * Looks for what turns a language into WebAssembly on this machine; `project` is the folder that may have some of it installed, or ask for
 * one kind of program. Never throws because something is missing.
 */
export function findToolchain(
  language: Language,
  env: NodeJS.ProcessEnv = process.env,
  project?: string,
): Promise<Toolchain> {
  switch (language) {
    case "go":
      return findGo(env);
    case "rust":
      return findRust(env, project);
    case "c":
      return findC(env);
    case "cpp":
      return findCpp(env);
    case "typescript":
      return findTypeScript(project);
    case "assemblyscript":
      return findAssemblyScript();
    case "python":
      return findPython();
  }
}
