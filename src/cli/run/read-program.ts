import { readFileSync } from "node:fs";
import { systemCode, WarrenError } from "../../base/errors.ts";

/** Throws `program.not-found`, `program.unreadable`. */
export function readProgram(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT")
      throw new WarrenError("program.not-found", `there is no program ${path}`, { status: 404, cause: error });
    throw new WarrenError("program.unreadable", `cannot read ${path} (${code ?? String(error)})`, { cause: error });
  }
}
