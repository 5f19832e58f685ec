import { cut } from "./table.ts";
import { formatBytes } from "./units.ts";

const redrawMs = 100;

/** One line on the terminal's last row that says what is going on; nothing where standard error is no terminal. */
export class Progress implements Disposable {
  readonly #stream: NodeJS.WriteStream;
  #drawnAt = 0;
  #shown: boolean = false;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  /** Shows a step at once. */
  step(text: string): void {
    if (!this.#stream.isTTY) return;
    this.#stream.write(`\r\x1b[2K${cut(text, (this.#stream.columns ?? 80) - 1)}`);
    this.#shown = true;
    this.#drawnAt = performance.now();
  }

  /** Shows how far a transfer is, not more often than the eye follows. */
  bytes(what: string, done: number, total: number): void {
    if (performance.now() - this.#drawnAt < redrawMs) return;
    const percent = total > 0 ? Math.floor((done / total) * 100) : 100;
    this.step(`${what}: ${formatBytes(done)} of ${formatBytes(total)} (${percent}%)`);
  }

  /** Removes the line, so that what is printed next starts on a clean one. */
  clear(): void {
    if (this.#shown) this.#stream.write("\r\x1b[2K");
    this.#shown = false;
  }

  [Symbol.dispose](): void {
    this.clear();
  }
}
