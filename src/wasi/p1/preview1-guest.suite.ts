import { DescriptorTable } from "../descriptor-table.ts";
import type { OpenDirectory } from "../files/open-directory.ts";
import { fileImports } from "./file.ts";
import type { Guest } from "./guest.ts";
import { Fault, GuestMemory } from "./memory.ts";
import { pathImports } from "./path.ts";
import { testHost } from "./testdata/test-host.ts";

type Call = (...args: (number | bigint)[]) => number;

/** A guest without a program, for tests of the functions on files: they are called as wasm calls them. */
export interface Preview1Guest extends Guest, Disposable {
  /** Calls by name. Faults become errnos, as the binding does it, and results are 32-bit integers. */
  call(name: string, ...args: (number | bigint)[]): number;
  /** Puts text at an address; the pointer and length to pass. */
  text(at: number, text: string | Uint8Array): [pointer: number, length: number];
  readonly names: readonly string[];
}

/** Descriptors are given out from 0 on, to the directories first. */
export function makeGuest(directories: readonly OpenDirectory[], descriptorsMax: number = 64): Preview1Guest {
  const memory = new GuestMemory(new WebAssembly.Memory({ initial: 2 }));
  const table = new DescriptorTable({ descriptorsMax });
  for (const directory of directories) table.add(directory);
  const host = testHost({ table, memory });
  const functions = { ...pathImports(host), ...fileImports(host) } as unknown as Readonly<Record<string, Call>>;
  return {
    table,
    memory,
    names: Object.keys(functions),
    call(name, ...args) {
      try {
        return functions[name]!(...args) | 0;
      } catch (error) {
        if (error instanceof Fault) return error.errno;
        throw error;
      }
    },
    text(at, text) {
      const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
      memory.bytes(at, bytes.length).set(bytes);
      return [at, bytes.length];
    },
    [Symbol.dispose]: () => table.closeAll(),
  };
}
