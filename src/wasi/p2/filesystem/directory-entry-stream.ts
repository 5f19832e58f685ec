import { errno } from "../../errno.ts";
import type { OpenDirectory } from "../../files/open-directory.ts";
import type { P2Host } from "../host.ts";
import { ok, type WitResult } from "../result.ts";
import type { SharedDescriptor } from "../shared-descriptor.ts";
import { descriptorType } from "./descriptor-stat.ts";
import { failure } from "./error-code.ts";

/** Entries read at a time, about: fifty. */
const batchBytes = 2048;

export interface DirectoryEntry {
  readonly type: string;
  readonly name: string;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** `wasi:filesystem/types.directory-entry-stream` */
export class DirectoryEntryStream {
  readonly #host: P2Host;
  readonly #shared: SharedDescriptor<OpenDirectory>;
  #entries: (DirectoryEntry | "not-text")[] = [];
  #at = 0;
  #cookie = 0n;
  #atEnd: boolean = false;

  /** Takes a use of the descriptor over. */
  constructor(host: P2Host, shared: SharedDescriptor<OpenDirectory>) {
    host.resources.add();
    this.#host = host;
    this.#shared = shared;
  }

  /** Undefined at the end. A name that is no UTF-8 is an error, behind which reading goes on. */
  next(): WitResult<DirectoryEntry | undefined, string> {
    while (this.#at === this.#entries.length) {
      if (this.#atEnd) return ok(undefined);
      const result = this.#readBatch();
      if (result < 0) return failure(result);
    }
    const entry = this.#entries[this.#at++]!;
    return entry === "not-text" ? failure(-errno.ILSEQ) : ok(entry);
  }

  drop(): void {
    this.#host.resources.remove();
    this.#shared.release();
  }

  #readBatch(): number {
    const entries: (DirectoryEntry | "not-text")[] = [];
    let bytes = 0;
    let ended = true;
    const result = this.#shared.descriptor.readEntries(this.#cookie, batchBytes, ({ next, type, name }) => {
      this.#cookie = next;
      const entry = decode(type, name);
      if (entry !== undefined) entries.push(entry);
      bytes += name.length + 24;
      ended = bytes < batchBytes;
      return ended;
    });
    if (result < 0) return result;
    this.#entries = entries;
    this.#at = 0;
    this.#atEnd = ended;
    return 0;
  }
}

function decode(type: number, name: Uint8Array): DirectoryEntry | "not-text" | undefined {
  let text: string;
  try {
    text = utf8.decode(name);
  } catch {
    return "not-text";
  }
  return text === "." || text === ".." ? undefined : { type: descriptorType(type), name: text };
}
