import { type Filetype, filetype } from "../descriptor.ts";
import type { MemoryContent } from "./memory-content.ts";
import type { FileStatus } from "./status.ts";

/** What every file, directory and link in memory has. Times are nanoseconds since 1970. */
interface Common {
  readonly inode: bigint;
  /** Names; for a directory, its own `.` and the `..` of those in it too. 0: removed. */
  links: number;
  accessed: bigint;
  modified: bigint;
  changed: bigint;
}

export interface MemoryFile extends Common {
  readonly kind: "file";
  readonly content: MemoryContent;
  /** Handles that it is open by: what is removed goes when the last is closed. */
  opens: number;
}

export interface MemoryLink extends Common {
  readonly kind: "link";
  readonly target: Uint8Array;
}

export interface MemoryDirectory extends Common {
  readonly kind: "directory";
  readonly entries: MemoryEntries;
  /** Undefined for the root. */
  parent: MemoryDirectory | undefined;
}

export type MemoryNode = MemoryFile | MemoryLink | MemoryDirectory;

export interface MemoryEntry {
  readonly name: string;
  /** Where a listing goes on after it: grows from entry to entry, and is never given to two. */
  readonly serial: number;
  /** Undefined once it was removed. */
  node: MemoryNode | undefined;
}

/** `.` and `..` have the first two. */
const firstSerial = 3;
const gapsMin = 16;

/** The names of a directory, in the order that they were made in, so that a listing goes on wherever it was. */
export class MemoryEntries {
  readonly #byName = new Map<string, MemoryEntry>();
  /** By serial, with gaps where one was removed. */
  #order: MemoryEntry[] = [];
  #next = firstSerial;

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): MemoryNode | undefined {
    return this.#byName.get(name)?.node;
  }

  /** There must be none of that name. */
  add(name: string, node: MemoryNode): void {
    const entry = { name, serial: this.#next++, node };
    this.#byName.set(name, entry);
    this.#order.push(entry);
  }

  remove(name: string): void {
    const entry = this.#byName.get(name);
    if (entry === undefined) return;
    entry.node = undefined;
    this.#byName.delete(name);
    if (this.#order.length - this.#byName.size > Math.max(gapsMin, this.#byName.size))
      this.#order = this.#order.filter(({ node }) => node !== undefined);
  }

  /** Those whose serial is larger. */
  *after(serial: number): IterableIterator<MemoryEntry & { readonly node: MemoryNode }> {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#order[middle] as MemoryEntry).serial <= serial) low = middle + 1;
      else high = middle;
    }
    for (; low < this.#order.length; low++) {
      const entry = this.#order[low] as MemoryEntry;
      if (entry.node !== undefined) yield { ...entry, node: entry.node };
    }
  }
}

const types: Readonly<Record<MemoryNode["kind"], Filetype>> = {
  file: filetype.regularFile,
  link: filetype.symbolicLink,
  directory: filetype.directory,
};

export function typeOfNode({ kind }: MemoryNode): Filetype {
  return types[kind];
}

export function statusOfNode(device: bigint, node: MemoryNode): FileStatus {
  return {
    device,
    inode: node.inode,
    type: types[node.kind],
    links: BigInt(node.links),
    size: BigInt(node.kind === "file" ? node.content.size : node.kind === "link" ? node.target.length : 0),
    accessed: node.accessed,
    modified: node.modified,
    changed: node.changed,
  };
}
