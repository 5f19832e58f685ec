import { SystemClocks } from "../../clocks.ts";
import type { Descriptor } from "../../descriptor.ts";
import { DescriptorTable } from "../../descriptor-table.ts";
import { CpuMeter, GuestThread } from "../../guest-thread.ts";
import { Signals } from "../../signals.ts";
import { Dialler } from "../../sockets/dialler.ts";
import { VirtualNetwork } from "../../sockets/virtual-network.ts";
import { InputStream, OutputStream } from "../../stdio.ts";
import type { Host, HostFunction } from "../host.ts";
import { GuestMemory } from "../memory.ts";

/** What proc_exit throws here. */
export class Exited extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

export interface TestHost extends Host {
  readonly handed: Set<Descriptor>;
  readonly wasm: WebAssembly.Memory;
  /** What the guest wrote to standard output and error. */
  readonly written: Uint8Array[];
}

/** A host for a guest that is a test: one page of memory, standard streams, empty input. */
export function testHost(overrides: Partial<Host> = {}): TestHost {
  const clocks = overrides.clocks ?? new SystemClocks();
  const wasm = new WebAssembly.Memory({ initial: 1 });
  const table = new DescriptorTable();
  const written: Uint8Array[] = [];
  const network = overrides.network ?? new VirtualNetwork();
  table.add(new InputStream(undefined, false));
  for (let i = 0; i < 2; i++) table.add(new OutputStream((chunk) => written.push(chunk), false));
  return {
    table,
    memory: new GuestMemory(wasm),
    thread: new GuestThread(clocks, new CpuMeter()),
    clocks,
    random: (target) => target.fill(7),
    network,
    dialler: new Dialler(network),
    signals: new Signals(),
    args: ["guest", "ä"],
    env: ["A=1", "B="],
    exit(code) {
      throw new Exited(code);
    },
    ...overrides,
    handed: new Set(),
    wasm,
    written,
  };
}

/** Calls a function as a guest would, waiting while it is suspended. */
export async function call(target: HostFunction | undefined, ...args: (number | bigint)[]): Promise<number> {
  if (target === undefined) throw new Error("there is no such function");
  return target(...args);
}
