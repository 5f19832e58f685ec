import { type Descriptor, filetype, type Readiness } from "../descriptor.ts";
import { errno, type Result } from "../errno.ts";
import type { SocketFamily, SocketName } from "./socket-name.ts";
import { SocketOptions } from "./socket-options.ts";

/** A guest's stream socket that it opened and neither listens on nor has connected. */
export class UnconnectedSocket implements Descriptor {
  readonly type = filetype.streamSocket;
  flags = 0;
  wake: (() => void) | undefined;
  readonly family: SocketFamily;
  readonly options: SocketOptions = new SocketOptions();
  local: SocketName | undefined;

  constructor(family: SocketFamily = 4) {
    this.family = family;
  }

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
