import type { BodyFraming } from "./body-framing.ts";

/** One request on its way through a target, as the client's connection sees it. */
export interface Exchange {
  /** Begins. May be over before this returns. */
  start(): void;
  /** Whether bytes of the request's body can be given now; after a false, `ClientConnection.advance` says when. */
  readonly wantsBody: boolean;
  /** Takes body bytes from `from` on: the index reached. Throws `body.chunk`. */
  feed(framing: BodyFraming, bytes: Buffer, from: number): number;
  /** The body is complete. */
  onBodyEnd(): void;
  /** How long the answer may take; the listener's limit when absent. Milliseconds. */
  readonly answerMsMax?: number | undefined;
  /** The answer's head has gone to the client. */
  readonly answered: boolean;
  /** The client's socket takes bytes again. */
  onClientDrain(): void;
  /** The client sends no more, but may still read. */
  onClientEnd(): void;
  /** The client is gone, or the request turned out to be broken: break off and call nothing back. */
  abort(): void;
  /** It took longer than it may: as {@link abort}; what was spent on it, in words. */
  expire(): string;
}
