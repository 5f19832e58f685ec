import type { Address } from "../../base/address.ts";
import { type Descriptor, filetype, type Readiness } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";

/** A guest's TCP socket that it opened and neither listens on nor has connected. */
export class UnconnectedSocket implements Descriptor {
  readonly type = filetype.streamSocket;
  flags = 0;
  wake: (() => void) | undefined;
  local: Address | undefined;

  read(): Result {
    return -errno.NOTCONN;
  }
  write(): Result {
    return -errno.NOTCONN;
  }
  /** As Linux: a socket that is not connected hangs up. */
  poll(): Readiness {
    return { bytes: 0, hangup: true };
  }
  close(): void {}
}
