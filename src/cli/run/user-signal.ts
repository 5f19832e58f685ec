import { constants } from "node:os";
import { bindLibc, pointerTo } from "../../base/libc.ts";

/** SIG_UNBLOCK of Linux. */
const unblock = 1;

/**
 * Lets SIGUSR1 through to this process. Node leaves it blocked where it does not use it for itself (`--disable-sigusr1`, in the
 * launcher); else it would open a port for debuggers.
 */
export function unblockUserSignal(): void {
  const { sigprocmask } = bindLibc({
    sigprocmask: { arguments: ["int32", "pointer", "pointer"], return: "int32" },
  });
  // sigset_t: a bit for each signal, 1024 of them.
  const set = new BigUint64Array(16);
  set[0] = 1n << BigInt(constants.signals.SIGUSR1 - 1);
  sigprocmask(unblock, pointerTo(set), 0n);
}
