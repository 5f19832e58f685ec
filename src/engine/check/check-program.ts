import { fstatSync, readSync, writeSync } from "node:fs";
import { errorRecord, systemCode, WarrenError } from "../../base/errors.ts";
import { isComponent } from "../../component/preamble.ts";
import { prepare } from "../program.ts";
import { type CheckArguments, type CheckOrder, type CheckResult, preparedFd, programFd } from "./protocol.ts";
import { tryCompile } from "./try-compile.ts";

/** Reads, checks, prepares and compiles the program, and writes what it prepared. */
export async function checkProgram(
  { preparedBytesMax }: Pick<CheckArguments, "preparedBytesMax">,
  { memoryBytesMax }: CheckOrder,
): Promise<CheckResult> {
  try {
    const prepared = await prepare(readWhole(programFd), { memoryBytesMax, interruptible: true });
    if (prepared.length > preparedBytesMax) throw tooLarge(prepared.length, preparedBytesMax);
    const tried = isComponent(prepared) ? tryComponent(prepared) : tryCompile(prepared);
    // Its threads compile while this one writes.
    tried.catch(() => {});
    writeWhole(preparedFd, prepared);
    await tried;
    return { preparedBytes: prepared.length };
  } catch (error) {
    return { error: errorRecord(error) };
  }
}

/** As a worker will: linked, with code for its calls, and each of its modules. */
async function tryComponent(prepared: Uint8Array): Promise<void> {
  const { ComponentProgram } = await import("../component/component-program.ts");
  const { plan } = await ComponentProgram.compile(prepared, Number.POSITIVE_INFINITY);
  for (const { start, end } of plan.modules) await tryCompile(prepared.subarray(start, end));
}

function readWhole(fd: number): Uint8Array {
  const bytes = new Uint8Array(fstatSync(fd).size);
  for (let at = 0; at < bytes.length; ) {
    const count = readSync(fd, bytes, at, bytes.length - at, at);
    if (count === 0) throw new WarrenError("program.truncated", "the program's file ended early", { status: 500 });
    at += count;
  }
  return bytes;
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at);
  } catch (error) {
    const code = systemCode(error);
    if (code !== "ENOSPC" && code !== "EDQUOT") throw error;
    throw new WarrenError("blob.disk-full", "cannot prepare the program: the disk of the state directory is full", {
      status: 507,
      hint: "free some space and try again; nothing was kept",
      cause: error,
    });
  }
}

function tooLarge(bytes: number, bytesMax: number): WarrenError {
  return new WarrenError("program.too-large", `the prepared program has ${bytes} bytes, the limit is ${bytesMax}`, {
    status: 413,
    hint: "Leave debug information out, and split a program that is as large without it.",
  });
}
