import { WarrenError } from "../base/errors.ts";
import { SystemClocks } from "../wasi/clocks.ts";
import { DescriptorTable } from "../wasi/descriptor-table.ts";
import { openMounts } from "../wasi/files/mount.ts";
import { GojsProgram } from "../wasi/gojs/program.ts";
import { systemRandom } from "../wasi/random.ts";
import { Dialler } from "../wasi/sockets/dialler.ts";
import { VirtualNetwork } from "../wasi/sockets/virtual-network.ts";
import { InputStream, OutputStream } from "../wasi/stdio.ts";
import { decodeModule } from "../wasm/decode.ts";
import { limitMemory } from "../wasm/limit-memory.ts";
import { i32 } from "../wasm/module-info.ts";
import { reservedModule } from "../wasm/rewrite/contract.ts";
import { rewriteModule } from "../wasm/rewrite/rewrite.ts";
import type { Exit } from "./exit.ts";
import { GojsLimits, type GojsLimitsOptions } from "./gojs-limits.ts";
import type { GuestOptions } from "./guest-options.ts";
import { trapOf } from "./trap.ts";

const moduleName = "gojs";

/** What a Go program for GOOS=js is given: of networks `fetch` alone, since it knows no sockets. */
export type GojsRun = Pick<
  GuestOptions,
  "args" | "env" | "mounts" | "stdin" | "stdout" | "stderr" | "outbound" | "onRefused"
> &
  GojsLimitsOptions & {
    /** Bytes that its memory may grow to. */
    readonly memoryMax: number;
  };

/**
 * Runs a Go program for GOOS=js to its end. While it computes nothing else does, and its limits may let the thread sleep: it is for a process of its own. Throws
 * what `decodeModule`, `limitMemory` and `rewriteModule` throw, and `program.imports-missing`.
 */
export async function runGojs(bytes: Uint8Array, options: GojsRun): Promise<Exit> {
  const info = decodeModule(bytes);
  const table = new DescriptorTable();
  table.add(new InputStream(options.stdin, false));
  for (const output of [options.stdout, options.stderr]) table.add(new OutputStream(output ?? (() => {}), false));
  let limits: GojsLimits | undefined;
  const dialler = new Dialler(new VirtualNetwork(), options.outbound);
  dialler.onRefused = options.onRefused;
  const program = new GojsProgram({
    args: options.args ?? [],
    env: options.env ?? {},
    table,
    dialler,
    clocks: new SystemClocks(),
    random: systemRandom,
    onEnter: () => limits?.enter(),
  });
  for (const item of info.imports) {
    const type = item.kind === "func" ? info.types[item.type] : undefined;
    const known = item.module === moduleName && Object.hasOwn(program.imports, item.name);
    const fits = type?.kind === "func" && type.results.length === 0 && type.params.join() === String(i32);
    if (!known || !fits)
      throw new WarrenError(
        "program.imports-missing",
        `the program imports what Warren does not offer: ${item.module.slice(0, 60)}.${item.name.slice(0, 60)}`,
        {
          hint: "Of Go programs for GOOS=js, those of Go 1.21 and newer run.",
        },
      );
  }
  const limited = limitMemory(bytes, info, options.memoryMax);
  const isLimited = options.timeMsMax !== undefined || options.cores !== undefined;
  const rewritten = isLimited ? rewriteModule(decodeModule(limited)) : undefined;
  const module = await WebAssembly.compile((rewritten?.bytes ?? limited) as Uint8Array<ArrayBuffer>);
  for (const directory of openMounts(options.mounts ?? [])) table.add(directory);
  let timer: NodeJS.Timeout | undefined;
  if (isLimited) limits = new GojsLimits(options);
  if (options.timeMsMax !== undefined)
    timer = setTimeout(() => program.kill(new Error("its time is over")), options.timeMsMax);
  try {
    const imports = { [moduleName]: program.imports };
    const checks = rewritten && limits ? { [reservedModule]: limits.imports(rewritten) } : {};
    const { exports } = new WebAssembly.Instance(module, { ...imports, ...checks });
    limits?.attach(exports);
    if (!isProgram(exports))
      throw new WarrenError("program.bad-entry", "the program does not export run, resume, getsp and mem as Go does");
    program.start(exports);
    return { kind: "exit", code: await program.exited };
  } catch (error) {
    if (error instanceof WarrenError) throw error;
    return limits?.over === true ? { kind: "killed", reason: "its time is over" } : trapOf(error);
  } finally {
    clearTimeout(timer);
    await limits?.stop();
  }
}

function isProgram({ run, resume, getsp, mem }: WebAssembly.Exports): boolean {
  return [run, resume, getsp].every((entry) => typeof entry === "function") && mem instanceof WebAssembly.Memory;
}
