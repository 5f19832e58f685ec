import { WarrenError } from "../base/errors.ts";
import { decodeModule } from "../wasm/decode.ts";
import { programKind } from "../wasm/kind.ts";
import { limitMemory } from "../wasm/limit-memory.ts";
import { rewriteModule } from "../wasm/rewrite/rewrite.ts";
import { withoutDebug } from "../wasm/without-debug.ts";
import { checkImports } from "./imports.ts";

export interface PrepareOptions {
  /** Bytes that its memories together may grow to. */
  readonly memoryBytesMax: number;
  /** Whether it must be possible to stop it while it runs. */
  readonly interruptible: boolean;
}

/**
 * Checks a program and makes of it the module that V8 is given. A change of what comes out needs a new
 * `preparationVersion` (check/protocol.ts), since the daemon keeps the result.
 *
 * Throws what `decodeModule`, `programKind`, `limitMemory` and `rewriteModule` throw, `program.reactor`, and `program.imports-missing` when it
 * needs what we do not have.
 */
export function prepareProgram(bytes: Uint8Array, { memoryBytesMax, interruptible }: PrepareOptions): Uint8Array {
  const info = decodeModule(bytes);
  if (programKind(info).kind === "reactor") {
    throw new WarrenError(
      "program.reactor",
      "the program is a library (it exports _initialize, but no _start): there is nothing to run",
      {
        hint: "Build it as a command: without -mexec-model=reactor, -buildmode=c-shared or crate-type cdylib.",
      },
    );
  }
  checkImports(info);
  const limited = limitMemory(bytes, info, memoryBytesMax);
  const limitedInfo = limited === bytes ? info : decodeModule(limited);
  return interruptible ? rewriteModule(limitedInfo).bytes : withoutDebug(limitedInfo);
}
