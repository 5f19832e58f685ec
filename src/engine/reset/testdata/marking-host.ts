// The few functions of preview 1 that the guests call, which mark what they write.
import type { ModuleInfo } from "../../../wasm/module-info.ts";
import type { MarkedMemory } from "../marked-memory.ts";

const enosys = 52;

/** `written` is given what the guest prints. */
export function markingHost(
  info: ModuleInfo,
  marked: () => readonly MarkedMemory[],
  written: (text: string) => void,
): WebAssembly.Imports {
  const view = () => new DataView(marked()[0]!.memory.buffer);
  const own: Record<string, (...values: number[]) => number> = {
    fd_write: (_fd, list, count, result) => {
      const parts = Array.from({ length: count! }, (_, i) => {
        const [from, length] = [view().getUint32(list! + i * 8, true), view().getUint32(list! + i * 8 + 4, true)];
        return Buffer.from(view().buffer, from, length);
      });
      const text = Buffer.concat(parts);
      written(text.toString());
      view().setUint32(result!, text.length, true);
      marked()[0]!.markRange(result!, 4);
      return 0;
    },
    random_get: (at, length) => {
      new Uint8Array(view().buffer, at, length).fill(0x55);
      marked()[0]!.markRange(at!, length!);
      return 0;
    },
    // A terminal: standard output is written at each line.
    fd_fdstat_get: (_fd, at) => {
      new Uint8Array(view().buffer, at, 24).fill(0);
      view().setUint8(at!, 2);
      marked()[0]!.markRange(at!, 24);
      return 0;
    },
  };
  const imports: Record<string, WebAssembly.ModuleImports> = {};
  for (const { module, name, kind } of info.imports)
    if (kind === "func") imports[module] = { ...imports[module], [name]: own[name] ?? (() => enosys) };
  return imports;
}
