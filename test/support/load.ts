import { ask, keepAliveAgent } from "./http.ts";

export interface LoadResult {
  done: number;
  /** What went wrong, at most a hundred of them. */
  readonly failures: string[];
  failed: number;
}

/**
 * Keep-alive clients that each go round the hosts, one request at a time, until they are stopped. A request fails when its
 * answer is not a whole 200. Half of the keep-alive connections are given up after 50 requests, as real clients do.
 */
export class Load {
  readonly result: LoadResult = { done: 0, failed: 0, failures: [] };
  readonly #port: number;
  readonly #hosts: readonly string[];
  #going: boolean = true;
  readonly #clients: Promise<void>[];

  constructor(port: number, hosts: readonly string[], clients: number) {
    this.#port = port;
    this.#hosts = hosts;
    this.#clients = Array.from({ length: clients }, (_, i) => this.#client(i));
  }

  /** Resolves when so many more requests have been answered. */
  async more(count: number): Promise<void> {
    const until = this.result.done + count;
    while (this.result.done < until && this.#going) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async stop(): Promise<LoadResult> {
    this.#going = false;
    await Promise.all(this.#clients);
    return this.result;
  }

  async #client(index: number): Promise<void> {
    let agent = keepAliveAgent(1);
    for (let i = index; this.#going; i++) {
      const host = this.#hosts[i % this.#hosts.length] as string;
      try {
        const { status, text } = await ask(this.#port, host, "/", { agent });
        if (status !== 200) this.#fail(`${host}: ${status} ${text.slice(0, 200)}`);
      } catch (error) {
        this.#fail(`${host}: ${(error as Error).message}`);
      }
      this.result.done++;
      if (index % 2 === 0 && i % 50 === 0) {
        agent.destroy();
        agent = keepAliveAgent(1);
      }
    }
    agent.destroy();
  }

  #fail(what: string): void {
    this.result.failed++;
    if (this.result.failures.length < 1000) this.result.failures.push(`${new Date().toISOString()} ${what}`);
  }
}
