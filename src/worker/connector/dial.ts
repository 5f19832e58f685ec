import { connect } from "node:net";
import type { Address } from "../../base/address.ts";
import { systemCode } from "../../base/errors.ts";
import { duplicate } from "../../base/native-socket.ts";
import { errno, type Result } from "../../wasi/errno.ts";

const errnoOf: Readonly<Record<string, Result>> = {
  ECONNREFUSED: -errno.CONNREFUSED,
  ECONNRESET: -errno.CONNRESET,
  EHOSTUNREACH: -errno.HOSTUNREACH,
  EHOSTDOWN: -errno.HOSTUNREACH,
  ENETUNREACH: -errno.NETUNREACH,
  EADDRNOTAVAIL: -errno.NETUNREACH,
  EAFNOSUPPORT: -errno.NETUNREACH,
  ENETDOWN: -errno.NETDOWN,
  ETIMEDOUT: -errno.TIMEDOUT,
  // A firewall's.
  EACCES: -errno.ACCES,
  EPERM: -errno.ACCES,
  EMFILE: -errno.NOBUFS,
  ENFILE: -errno.NOBUFS,
  ENOBUFS: -errno.NOBUFS,
  ENOMEM: -errno.NOBUFS,
};

/** Opens a TCP connection of which nothing is read here. Its descriptor, which is the caller's, or a negated errno. */
export function dialTcp({ ip, port }: Address, msMax: number, signal: AbortSignal): Promise<Result> {
  if (signal.aborted) return Promise.resolve(-errno.CANCELED);
  return new Promise((resolve) => {
    const socket = connect({ host: ip, port, autoSelectFamily: false });
    // Reading would begin as soon as it is connected, and take what is for the guest.
    socket.pause();
    const settle = (result: Result): void => {
      clearTimeout(late);
      signal.removeEventListener("abort", aborted);
      resolve(result);
      // Closes our descriptor only: the copy keeps the connection open.
      socket.destroy();
    };
    const late = setTimeout(() => settle(-errno.TIMEDOUT), msMax);
    const aborted = (): void => settle(-errno.CANCELED);
    signal.addEventListener("abort", aborted, { once: true });
    socket.once("connect", () => {
      const { _handle: handle } = socket as unknown as { _handle: { fd: number } };
      try {
        settle(duplicate(handle.fd));
      } catch {
        settle(-errno.NOBUFS);
      }
    });
    socket.on("error", (error) => settle(errnoOf[systemCode(error) ?? ""] ?? -errno.HOSTUNREACH));
  });
}
