import { fdflags } from "../descriptor.ts";

/**
 * `fdflags` of a socket, which the host may have handed to the guest. A handed socket looks non-blocking, or Go would use it
 * without its poller and block every goroutine. A program that just accepts or receives, as the simplest ones in C and
 * Rust do, expects to wait. So it is non-blocking once the guest has been told so or has polled it.
 */
export class SocketFlags {
  #flags: number;
  #known: boolean;

  constructor(flags: number, handed: boolean) {
    this.#flags = handed ? flags | fdflags.nonblock : flags;
    this.#known = !handed;
  }

  /** As they are in force. */
  get value(): number {
    return this.#known ? this.#flags : this.#flags & ~fdflags.nonblock;
  }
  set value(flags: number) {
    this.#known = true;
    this.#flags = flags;
  }

  /** The guest asks, or shows by polling that it knows. */
  tell(): number {
    this.#known = true;
    return this.#flags;
  }
}
