import { ByteWriter } from "./byte-writer.ts";

/**
 * The custom section that tells V8 which branches are not worth a thought (branch hinting proposal): without it checks cost
 * two to five points more.
 */
export class BranchHints {
  readonly #section = new ByteWriter(1 << 16);
  readonly #function = new ByteWriter(1 << 12);
  #functions = 0;
  #index = 0;
  #count = 0;

  begin(index: number): void {
    this.#index = index;
    this.#count = 0;
    this.#function.length = 0;
  }

  /** @param offset of an `if` or `br_if`, from where the declarations of local variables begin */
  unlikely(offset: number): void {
    this.#count++;
    this.#function.u32(offset);
    this.#function.append([1, 0]);
  }

  end(): void {
    if (this.#count === 0) return;
    this.#functions++;
    this.#section.u32(this.#index);
    this.#section.u32(this.#count);
    this.#section.copy(this.#function.bytes, 0, this.#function.length);
  }

  /** The section's content, which stands before the code section; undefined without hints. */
  content(): Uint8Array[] | undefined {
    if (this.#functions === 0) return undefined;
    const head = new ByteWriter(64);
    head.name("metadata.code.branch_hint");
    head.u32(this.#functions);
    return [head.written(), this.#section.written()];
  }
}
