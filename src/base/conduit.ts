import type { Address } from "./address.ts";
import { WarrenError } from "./errors.ts";
import { Flow } from "./flow.ts";

/** What the listening end's program does at a moment: compute for this connection, compute for others, or wait. */
export type Doing = "computing" | "behind" | "waiting";

/** What the listening end's program spends on a connection. */
export interface ConnectionWork {
  /** CPU time so far, milliseconds. */
  readonly cpuMs: number;
  readonly doing: Doing;
  /** The program has just read from the connection or written to it. */
  touch(): void;
}

/**
 * One end of an in-memory, TCP-like connection. The front holds one end and a guest's socket the other. `input` is read
 * here, `output` is written here; half-closing is `output.end()`.
 */
export interface Conduit {
  readonly input: Flow;
  readonly output: Flow;
  /** This end's address. */
  readonly local: Address;
  /** The other end's address. */
  readonly remote: Address;
  /** The same at both ends; absent where nobody counts it. */
  readonly work?: ConnectionWork | undefined;
}

/** The two ends of a new connection: the dialling end first. */
export function conduitPair(
  dialler: Address,
  listener: Address,
  bytesMax?: number,
  work?: ConnectionWork,
): [Conduit, Conduit] {
  const there = new Flow(bytesMax);
  const back = new Flow(bytesMax);
  return [
    { input: back, output: there, local: dialler, remote: listener, work },
    { input: there, output: back, local: listener, remote: dialler, work },
  ];
}

/** Breaks a connection off from one end, as a TCP reset does. `code` tells the other end why, where it can do something about it. */
export function resetConduit(
  end: Conduit,
  why: string = "the connection was reset",
  code: string = "connection.reset",
): void {
  end.output.fail(new WarrenError(code, why, { status: 502 }));
  end.input.cancel();
}
