import { once } from "node:events";
import type { FastifyReply } from "fastify";

/** The NDJSON answers in progress, so that closing the daemon can end them. */
export class LineStreams {
  readonly #open = new Set<AbortController>();

  /**
   * Answers with one JSON value a line, as fast as the client reads and no faster. Resolves when the values end, the client
   * goes away or {@link end} is called.
   */
  async send(reply: FastifyReply, batches: (signal: AbortSignal) => AsyncIterable<readonly object[]>): Promise<void> {
    const { raw } = reply;
    const gone = new AbortController();
    const abort = (): void => gone.abort();
    this.#open.add(gone);
    raw.once("close", abort);
    reply.hijack();
    try {
      raw.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
      // A follower of a silent service must learn at once that it is connected.
      raw.flushHeaders();
      for await (const batch of batches(gone.signal)) {
        const text = batch.map((value) => `${JSON.stringify(value)}\n`).join("");
        if (!raw.write(text)) await once(raw, "drain", { signal: gone.signal });
      }
      raw.end();
    } catch (error) {
      if (gone.signal.aborted) raw.end();
      else {
        reply.log.error({ err: error }, "a stream broke off");
        raw.destroy();
      }
    } finally {
      this.#open.delete(gone);
    }
  }

  end(): void {
    for (const stream of this.#open) stream.abort();
  }
}
