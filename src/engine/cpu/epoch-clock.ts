import { Worker } from "node:worker_threads";
import { epochDescriptor } from "../../wasm/rewrite/contract.ts";

/** How often the cell is raised while a guest runs. */
const periodMs = 1;
/** Periods without a guest after which the clock sleeps. */
const idlePeriodsMax = 20;

// Words of the shared page. The first is the one that rewritten code looks at.
const cellAt = 0;
const asleepAt = 1;
const startsAt = 2;

/** Runs in a thread of its own: a guest that does not come back cannot hold it up. */
const clockCode = `
const { workerData: { page, periodMs, idlePeriodsMax } } = require("node:worker_threads");
const words = new Int32Array(page);
let seen = 0, idle = 0;
for (;;) {
  Atomics.wait(words, 3, 0, periodMs);
  words[${cellAt}] = 1;
  const starts = Atomics.load(words, ${startsAt});
  idle = starts === seen ? idle + 1 : 0;
  seen = starts;
  if (idle < idlePeriodsMax) continue;
  Atomics.store(words, ${asleepAt}, 1);
  Atomics.wait(words, ${asleepAt}, 1);
  idle = 0;
}`;

/**
 * The clock that interrupts guests: a cell in shared memory that a thread raises every millisecond, and that rewritten code
 * looks at. While no guest runs the thread sleeps and uses no CPU.
 */
export class EpochClock {
  /** One page, imported by every rewritten module. */
  readonly memory: WebAssembly.Memory;
  readonly #words: Int32Array;
  #thread: Worker | undefined;

  constructor() {
    this.memory = new WebAssembly.Memory(epochDescriptor);
    this.#words = new Int32Array(this.memory.buffer);
  }

  /** A guest begins to run: from now on the cell is raised. Cheap enough for every resumption. */
  guestStarts(): void {
    const words = this.#words;
    words[startsAt] = ((words[startsAt] as number) + 1) | 0;
    if (words[asleepAt] === 1) {
      Atomics.store(words, asleepAt, 0);
      Atomics.notify(words, asleepAt);
    } else if (this.#thread === undefined) {
      this.#launch();
    }
  }

  /** The cell was seen; it is down until the next period. */
  lower(): void {
    this.#words[cellAt] = 0;
  }

  /** A guest has run on through a whole period: the clock must not fall asleep. */
  stillRuns(): void {
    this.#words[startsAt] = ((this.#words[startsAt] as number) + 1) | 0;
  }

  async stop(): Promise<void> {
    await this.#thread?.terminate();
    this.#thread = undefined;
  }

  #launch(): void {
    const thread = new Worker(clockCode, {
      eval: true,
      workerData: { page: this.memory.buffer, periodMs, idlePeriodsMax },
      // It holds nothing but the loop.
      resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
      env: {},
      stdin: false,
    });
    thread.unref();
    this.#thread = thread;
  }
}
