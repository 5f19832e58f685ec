import type { Descriptor } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import type { P2Host } from "./host.ts";
import { InputStream } from "./input-stream.ts";
import { IoError, type IoErrorCause } from "./io-error.ts";
import { OutputStream } from "./output-stream.ts";
import type { SharedDescriptor } from "./shared-descriptor.ts";
import type { StreamError } from "./stream-error.ts";

/** A descriptor whose bytes are queued on the host: standard input, a connection. */
export type Source = Descriptor & { shift(lengthMax: number): Uint8Array | Result };

/** What an errno is to the guest. */
type CauseOf = (error: number) => IoErrorCause | undefined;

const nothing = new Uint8Array(0);

/** Reads a {@link Source}. */
export class DescriptorInputStream extends InputStream {
  readonly #shared: SharedDescriptor<Descriptor>;
  readonly #source: Source;
  readonly #causeOf: CauseOf | undefined;

  /** Takes a use of the descriptor over. */
  constructor(host: P2Host, shared: SharedDescriptor<Descriptor>, source: Source, causeOf?: CauseOf) {
    super(host);
    this.#shared = shared;
    this.#source = source;
    this.#causeOf = causeOf;
  }

  get waited(): Descriptor {
    return this.#source;
  }

  protected take(length: number): Uint8Array | StreamError {
    const taken = this.#source.shift(length);
    if (typeof taken !== "number") return taken;
    if (taken === -errno.AGAIN) return nothing;
    return taken === 0 ? "closed" : new IoError(describe(-taken), this.#causeOf?.(-taken));
  }

  protected available(): boolean {
    return this.#source.poll("read") !== undefined;
  }

  protected override ended(): boolean {
    const readiness = this.#source.poll("read");
    return readiness?.hangup === true && readiness.bytes === 0;
  }

  protected close(): void {
    this.#shared.release();
  }
}

/** Writes to a descriptor that takes bytes at once or not at all: standard output, a connection. */
export class DescriptorOutputStream extends OutputStream {
  readonly #shared: SharedDescriptor<Descriptor>;
  readonly #target: Descriptor;
  readonly #causeOf: CauseOf | undefined;

  /** Takes a use of the descriptor over. */
  constructor(host: P2Host, shared: SharedDescriptor<Descriptor>, target: Descriptor, causeOf?: CauseOf) {
    super(host);
    this.#shared = shared;
    this.#target = target;
    this.#causeOf = causeOf;
  }

  get waited(): Descriptor {
    return this.#target;
  }

  protected room(): number | StreamError {
    const readiness = this.#target.poll("write");
    if (readiness === undefined) return 0;
    return readiness.hangup ? "closed" : readiness.bytes;
  }

  protected put(contents: Uint8Array): StreamError | undefined {
    const count = this.#target.write([contents]);
    if (count === contents.length) return undefined;
    if (count === -errno.PIPE) return "closed";
    // Not less than there was room for, unless what is behind it has changed since.
    return new IoError(describe(Math.max(0, -count)), this.#causeOf?.(-count));
  }

  protected close(): void {
    this.#shared.release();
  }
}

const names = new Map<number, string>(Object.entries(errno).map(([name, number]) => [number, name]));

/** The name of an errno as programs print it: `EIO`. */
export function describe(error: number): string {
  return `E${names.get(error) ?? "IO"}`;
}
