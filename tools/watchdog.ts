import { readdirSync, readFileSync } from "node:fs";

/** Ends all processes that this one has started, down to the last, when it was not fed for a time. */
export class Watchdog {
  readonly #msMax: number;
  readonly #onSilence: (running: readonly string[]) => void;
  #timer: NodeJS.Timeout | undefined;

  /** `onSilence` gets the command lines of this process's children, which have been killed by then, and theirs. */
  constructor(msMax: number, onSilence: (running: readonly string[]) => void) {
    this.#msMax = msMax;
    this.#onSilence = onSilence;
    this.feed();
  }

  feed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#bark(), this.#msMax);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #bark(): void {
    const found = descendants(process.pid);
    const running = found.map(({ pid, command }) => `${pid} ${command}`);
    for (const { pid } of found) kill(pid);
    this.#onSilence(running);
  }
}

interface Process {
  readonly pid: number;
  readonly command: string;
}

/** proc(5). Nothing where there is no such file system. */
function descendants(root: number): Process[] {
  const parents = new Map<number, number>();
  for (const entry of listed("/proc")) {
    const pid = Number(entry);
    // The command's name is in parentheses and may hold anything; the parent is the second field behind it.
    const parent = read(`/proc/${entry}/stat`)
      ?.replace(/^.*\) /s, "")
      .split(" ")[1];
    if (Number.isInteger(pid) && parent !== undefined) parents.set(pid, Number(parent));
  }
  const found: number[] = [];
  for (let open = [root]; open.length > 0; ) {
    open = [...parents].filter(([, parent]) => open.includes(parent)).map(([pid]) => pid);
    found.push(...open);
  }
  return found.map((pid) => ({ pid, command: read(`/proc/${pid}/cmdline`)?.replaceAll("\0", " ").trim() ?? "" }));
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
