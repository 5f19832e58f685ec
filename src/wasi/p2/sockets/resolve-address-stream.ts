import { errno, type Result } from "../../errno.ts";
import type { Waited } from "../../guest-thread.ts";
import type { P2Host } from "../host.ts";
import { Pollable, type Waitable } from "../pollable.ts";
import { err, ok, type WitResult } from "../result.ts";
import { errorCode } from "./error-code.ts";
import { type WitIpAddress, witIpAddress } from "./socket-address.ts";

type Found = readonly string[] | Result;

/** `wasi:sockets/ip-name-lookup.resolve-address-stream` */
export class ResolveAddressStream implements Waitable, Waited {
  wake: (() => void) | undefined;
  readonly waited = this;
  readonly #host: P2Host;
  #found: Found | undefined;
  #next = 0;

  constructor(host: P2Host, found: Found | Promise<Found>) {
    host.resources.add();
    this.#host = host;
    if (!(found instanceof Promise)) {
      this.#found = found;
      return;
    }
    void found.then((result) => {
      this.#found = result;
      this.wake?.();
    });
  }

  /** Undefined behind the last. */
  next(): WitResult<WitIpAddress | undefined, string> {
    const found = this.#found;
    if (found === undefined) return err("would-block");
    if (typeof found === "number") return err(lookupErrorCode(-found));
    const ip = found[this.#next];
    if (ip === undefined) return ok(undefined);
    this.#next++;
    return ok(witIpAddress(ip));
  }

  ready(): boolean {
    return this.#found !== undefined;
  }

  subscribe(): Pollable {
    return new Pollable(this.#host, this);
  }

  drop(): void {
    this.#host.resources.remove();
  }
}

/** To try again later helps against both. */
function lookupErrorCode(error: number): string {
  return error === errno.AGAIN || error === errno.NOBUFS ? "temporary-resolver-failure" : errorCode(error);
}
