import { constants } from "node:os";
import { errno, type Result } from "../errno.ts";

/** WASI's errno by the host's. Built by name, since the numbers differ between systems. */
const byHost: number[] = [];
for (const [name, number] of Object.entries(constants.errno)) {
  const code = (errno as Readonly<Record<string, number | undefined>>)[name.slice(1)];
  if (code !== undefined) byHost[number] = code;
}
byHost[constants.errno.E2BIG] = errno.TOOBIG;
// Two names of one number on Linux; the guest's C library knows ENOTSUP only.
byHost[constants.errno.EOPNOTSUPP] = errno.NOTSUP;
byHost[constants.errno.EAGAIN] = errno.AGAIN;

/** The negated WASI errno of a host errno; what WASI has no name for is an input/output error. */
export function fromHostErrno(number: number): Result {
  return -(byHost[number] ?? errno.IO);
}

/** The negated WASI errno of an error that a node:fs call threw. */
export function fromNodeError(error: unknown): Result {
  if (error instanceof Error && "errno" in error && typeof error.errno === "number") {
    return fromHostErrno(-error.errno);
  }
  throw error;
}
