import type { ImportInfo } from "./module-info.ts";

const namesShownMax = 8;
const nameCharactersMax = 60;

/** How an import is written in messages: `wasi_snapshot_preview1.fd_write`. */
function importKey({ module, name }: { readonly module: string; readonly name: string }): string {
  return `${module}.${name}`;
}

/** `env.a, env.b and 12 more`, for messages. */
export function listImports(imports: readonly ImportInfo[]): string {
  const shown = imports.slice(0, namesShownMax).map((item) => importKey(item).slice(0, nameCharactersMax));
  const rest = imports.length - shown.length;
  return shown.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
