import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { type Conduit, resetConduit } from "../../base/conduit.ts";
import type { HttpLimits } from "../http1/limits.ts";
import type { Swept, Ticker } from "../ticker.ts";
import { FrameChecker } from "./frame-checker.ts";
import { opcode } from "./opcode.ts";
import { Violation } from "./violation.ts";
import { closeFrame, pingFrame } from "./write-frame.ts";

export interface RelayOptions {
  readonly limits: HttpLimits;
  readonly ticker: Ticker;
  /** Told of a guest that broke the rules. */
  readonly onGuestWrong: (message: string) => void;
  /** Once, when the client's socket is closed. */
  readonly onDone: () => void;
}

/**
 * A WebSocket between a client and a guest that is checked on its way (RFC 6455), both ways, with backpressure. Where one
 * side breaks the rules, both are sent a close frame that says so, and nothing more of either. A client that says nothing is
 * pinged, so that one that is gone is noticed.
 */
export class WebSocketRelay implements Swept {
  readonly #socket: Socket;
  readonly #conduit: Conduit;
  readonly #options: RelayOptions;
  readonly #fromClient: FrameChecker;
  readonly #fromGuest: FrameChecker;
  #blocked: boolean = false;
  #pumping: boolean = false;
  /** When the client last said something. */
  #heardAt: number;
  /** The front's ping that has not been answered. */
  #ping: Buffer | undefined;
  #pingedAt = 0;
  /** Why it ends by the front: the client's close frame may have to wait for the end of a frame of the guest's. */
  #closing: { readonly frame: Buffer | undefined; sent: boolean; readonly at: number } | undefined;

  constructor(socket: Socket, conduit: Conduit, options: RelayOptions) {
    const { messageBytesMax } = options.limits.webSocket;
    this.#socket = socket;
    this.#conduit = conduit;
    this.#options = options;
    this.#heardAt = options.ticker.now;
    this.#fromClient = new FrameChecker(
      { masked: true, messageBytesMax },
      {
        pass: (bytes) => void conduit.output.push(bytes),
        control: (code, payload) => !(code === opcode.pong && this.#isOwnPong(payload)),
      },
    );
    this.#fromGuest = new FrameChecker(
      { masked: false, messageBytesMax },
      {
        pass: (bytes) => {
          if (!socket.write(bytes)) this.#blocked = true;
        },
        control: () => true,
      },
    );
  }

  /** `ahead` was read from the client already, and `answered` came behind the guest's 101. */
  start(ahead: Uint8Array | undefined, answered: Uint8Array): void {
    const { input, output } = this.#conduit;
    const socket = this.#socket;
    this.#options.ticker.add(this);
    socket.on("data", (chunk: Buffer) => this.#toGuest(chunk));
    socket.on("end", () => output.end());
    socket.on("drain", () => {
      this.#blocked = false;
      this.#toClient();
    });
    socket.on("close", () => this.#onClose());
    input.onReadable = () => this.#toClient();
    output.onWritable = () => this.#onGuestWritable();
    if (answered.length > 0) this.#takeFromGuest(answered);
    if (ahead !== undefined) this.#toGuest(ahead);
    if (socket.readableEnded) output.end();
    this.#toClient();
    if (output.writable || output.closed) socket.resume();
  }

  sweep(now: number): void {
    const { pingMs, pongMsMax, closeMsMax } = this.#options.limits.webSocket;
    const closing = this.#closing;
    if (closing !== undefined) {
      if (now - closing.at > closeMsMax) this.#socket.destroy();
    } else if (this.#ping !== undefined) {
      if (now - this.#pingedAt > pongMsMax) this.#lost();
    } else if (now - this.#heardAt > pingMs && this.#fromGuest.atBoundary && !this.#fromGuest.closed) {
      this.#ping = randomBytes(8);
      this.#pingedAt = now;
      this.#socket.write(pingFrame(this.#ping));
    }
  }

  #toGuest(chunk: Uint8Array): void {
    const { output } = this.#conduit;
    this.#heardAt = this.#options.ticker.now;
    // Whoever says anything is there, whatever it is.
    if (this.#ping !== undefined) this.#pingedAt = this.#heardAt;
    if (this.#closing !== undefined) return;
    try {
      this.#fromClient.take(chunk);
    } catch (error) {
      this.#violated(error);
      return;
    }
    if (!output.writable && !output.closed) this.#socket.pause();
    this.#endIfClosed();
  }

  #toClient(): void {
    const { input, output } = this.#conduit;
    // Taking a chunk may make the guest push the next one before this one is written: that one's turn comes after.
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#blocked && this.#closing?.sent !== true) {
      const chunk = input.shift();
      if (chunk === undefined) break;
      this.#takeFromGuest(chunk);
    }
    this.#pumping = false;
    if (!input.finished || this.#closing !== undefined) return;
    if (input.failure !== undefined) this.#socket.resetAndDestroy();
    else if (output.cancelled) this.#socket.destroySoon();
    else this.#socket.end();
  }

  #takeFromGuest(chunk: Uint8Array): void {
    try {
      // The close frame follows the frame in hand: what the guest says behind that is not heard any more.
      this.#fromGuest.take(this.#closing === undefined ? chunk : chunk.subarray(0, this.#fromGuest.remaining));
    } catch (error) {
      this.#options.onGuestWrong(String(error));
      this.#violated(error);
      return;
    }
    if (this.#closing !== undefined) this.#sendClose();
    else this.#endIfClosed();
  }

  /** Both have said that they close: nothing more can come, and neither has to wait for the other to end (RFC 6455 §7.1.1). */
  #endIfClosed(): void {
    if (!this.#fromClient.closed || !this.#fromGuest.closed || this.#closing !== undefined) return;
    this.#closing = { frame: undefined, sent: true, at: this.#options.ticker.now };
    this.#conduit.output.end();
    this.#conduit.input.cancel();
    this.#socket.end();
    this.#socket.resume();
  }

  #violated(error: unknown): void {
    if (!(error instanceof Violation)) throw error;
    this.#end(error.code, error.message);
  }

  /** Ends it by the front. */
  #end(code: number, reason: string): void {
    // A second violation, within the frame that the first one waits for.
    if (this.#closing !== undefined) {
      this.#socket.destroy();
      return;
    }
    this.#closing = { frame: closeFrame(code, reason, false), sent: false, at: this.#options.ticker.now };
    const { output } = this.#conduit;
    if (this.#fromClient.atBoundary && !this.#fromClient.closed) {
      output.push(closeFrame(code, reason, true));
      output.end();
    } else if (this.#fromClient.closed) output.end();
    else resetConduit(this.#conduit, "the WebSocket was broken off");
    this.#sendClose();
  }

  #sendClose(): void {
    const closing = this.#closing!;
    if (closing.sent) return;
    const guestGone = this.#conduit.input.finished;
    if (!this.#fromGuest.atBoundary && !guestGone) return;
    closing.sent = true;
    if (this.#fromGuest.atBoundary && !this.#fromGuest.closed) this.#socket.write(closing.frame!);
    this.#conduit.input.cancel();
    this.#socket.end();
    this.#socket.resume();
  }

  /** The client is not there any more. */
  #lost(): void {
    const { output } = this.#conduit;
    if (this.#fromClient.atBoundary && !this.#fromClient.closed) {
      output.push(closeFrame(1001, "the client does not answer", true));
      output.end();
    }
    this.#socket.destroy();
  }

  #isOwnPong(payload: Uint8Array): boolean {
    if (this.#ping === undefined || Buffer.compare(this.#ping, payload) !== 0) return false;
    this.#ping = undefined;
    return true;
  }

  #onGuestWritable(): void {
    const { input, output } = this.#conduit;
    // A guest that closed both ways has no use for what the client still sends.
    if (output.cancelled && input.finished && this.#closing === undefined) this.#socket.destroySoon();
    else this.#socket.resume();
  }

  #onClose(): void {
    const { input, output } = this.#conduit;
    this.#options.ticker.remove(this);
    input.onReadable = undefined;
    output.onWritable = undefined;
    if (!output.closed) resetConduit(this.#conduit, "the other end went away");
    else if (!input.finished) input.cancel();
    this.#options.onDone();
  }
}
