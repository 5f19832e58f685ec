import { WarrenError } from "../base/errors.ts";
import type { ImportInfo, ModuleInfo } from "./module-info.ts";

const namesShownMax = 8;
const nameCharactersMax = 60;

/** How an import is written in a set of offered ones and in messages: `wasi_snapshot_preview1.fd_write`. */
export function importKey({ module, name }: { readonly module: string; readonly name: string }): string {
  return `${module}.${name}`;
}

/** The imports that are not offered, each once, in the module's order. `offered` holds {@link importKey}s. */
export function missingImports(info: ModuleInfo, offered: ReadonlySet<string>): ImportInfo[] {
  const seen = new Set<string>();
  return info.imports.filter((item) => {
    const key = importKey(item);
    if (offered.has(key) || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** `env.a, env.b and 12 more`, for messages. */
export function listImports(imports: readonly ImportInfo[]): string {
  const shown = imports.slice(0, namesShownMax).map((item) => importKey(item).slice(0, nameCharactersMax));
  const rest = imports.length - shown.length;
  return shown.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** Throws `program.imports-missing` when something that the module imports is not offered. */
export function checkImports(info: ModuleInfo, offered: ReadonlySet<string>): void {
  const missing = missingImports(info, offered);
  if (missing.length === 0) return;
  throw new WarrenError(
    "program.imports-missing",
    `the program imports what Warren does not offer: ${listImports(missing)}`,
    {
      hint: "Build it for WASI preview 1 (wasm32-wasip1) and without bindings to another host.",
    },
  );
}
