import { errno } from "../../errno.ts";
import type { IoErrorCause } from "../io-error.ts";
import { err } from "../result.ts";

/** `wasi:sockets/network.error-code` by errno. */
const codes: Readonly<Record<number, string>> = {
  [errno.ACCES]: "access-denied",
  [errno.PERM]: "access-denied",
  [errno.NOTCAPABLE]: "access-denied",
  [errno.NOTSUP]: "not-supported",
  [errno.AFNOSUPPORT]: "not-supported",
  [errno.NOPROTOOPT]: "not-supported",
  [errno.INVAL]: "invalid-argument",
  [errno.NOMEM]: "out-of-memory",
  [errno.NOBUFS]: "out-of-memory",
  [errno.TIMEDOUT]: "timeout",
  [errno.ALREADY]: "concurrency-conflict",
  [errno.AGAIN]: "would-block",
  [errno.NOTCONN]: "invalid-state",
  [errno.ISCONN]: "invalid-state",
  [errno.DESTADDRREQ]: "invalid-state",
  [errno.MFILE]: "new-socket-limit",
  [errno.NFILE]: "new-socket-limit",
  [errno.ADDRNOTAVAIL]: "address-not-bindable",
  [errno.ADDRINUSE]: "address-in-use",
  [errno.HOSTUNREACH]: "remote-unreachable",
  [errno.NETUNREACH]: "remote-unreachable",
  [errno.NETDOWN]: "remote-unreachable",
  [errno.CONNREFUSED]: "connection-refused",
  [errno.CONNRESET]: "connection-reset",
  [errno.CONNABORTED]: "connection-aborted",
  [errno.MSGSIZE]: "datagram-too-large",
  [errno.NOENT]: "name-unresolvable",
};

export type SocketFailure = { readonly tag: "err"; readonly val: string };

/** The code of a positive errno. */
export function errorCode(error: number): string {
  return codes[error] ?? "unknown";
}

/** Of a kernel's result that is negative. */
export function failure(result: number): SocketFailure {
  return err(errorCode(-result));
}

/** What a stream of a socket's failed with. */
export function causeOf(error: number): IoErrorCause {
  return { domain: "sockets", code: errorCode(error) };
}
