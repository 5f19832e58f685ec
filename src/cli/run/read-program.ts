import { readFileSync } from "node:fs";
import { systemCode, WarrenError } from "../../base/errors.ts";
import { programDigest } from "./program-digest.ts";

/** Throws `program.not-found`, `program.unreadable`, `module.not-wasm`, and `program.changed` when it has not the digest that it must have. */
export function readProgram(path: string, digest?: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT")
      throw new WarrenError("program.not-found", `there is no program ${path}`, { status: 404, cause: error });
    if (code === "EISDIR")
      throw new WarrenError("program.unreadable", `cannot run ${path}: it is a directory`, {
        hint: "Name a .wasm file; `warren build` makes one of a Go package.",
        cause: error,
      });
    throw new WarrenError("program.unreadable", `cannot read ${path} (${code ?? String(error)})`, { cause: error });
  }
  if (path.endsWith(".go"))
    throw new WarrenError("module.not-wasm", `${path} is a source, not a WebAssembly module`, {
      hint: `\`warren build ${path}\` makes one of it.`,
    });
  if (digest !== undefined && programDigest(bytes) !== digest)
    throw new WarrenError("program.changed", `${path} is not the program that was installed`, {
      hint: "Install it again from where it came from.",
    });
  return bytes;
}
