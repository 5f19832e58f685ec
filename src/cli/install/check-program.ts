import { parseSize } from "../../control/size.ts";
import type { GrantWords } from "../run/grants.ts";
import { compileCached } from "../run/program-cache.ts";
import { memoryMaxDefault } from "../run/run-program.ts";

/** Prepares a program as its first run will, so that this is told now what would be told then. Throws what preparing it throws. */
export async function checkProgram(program: Uint8Array, { memory, cpu, time, interactive }: GrantWords): Promise<void> {
  await compileCached(program, {
    memoryBytesMax: memory === undefined ? memoryMaxDefault : parseSize(memory),
    interruptible: cpu !== undefined || time !== undefined || interactive === true,
  });
}
