import type { Digest } from "../base/digest.ts";
import { compileProgram, type Program } from "./program.ts";

/** Compiled programs, by digest and memory limit: the longest unused goes first. */
export class ProgramCache {
  readonly #programsMax: number;
  /** In order of their last use. */
  readonly #programs = new Map<string, Promise<Program>>();

  constructor(programsMax: number) {
    this.#programsMax = programsMax;
  }

  /** Compiles a program at most once, also when it is asked for twice at once. A failure is not kept. */
  get(digest: Digest, memoryMax: number, load: () => Promise<Uint8Array>): Promise<Program> {
    const key = `${digest} ${memoryMax}`;
    const known = this.#programs.get(key);
    this.#programs.delete(key);
    const program = known ?? load().then((bytes) => compileProgram(bytes, { memoryMax }));
    this.#programs.set(key, program);
    if (known === undefined) {
      program.catch(() => {
        if (this.#programs.get(key) === program) this.#programs.delete(key);
      });
      this.#trim();
    }
    return program;
  }

  #trim(): void {
    for (const oldest of this.#programs.keys()) {
      if (this.#programs.size <= this.#programsMax) return;
      this.#programs.delete(oldest);
    }
  }
}
