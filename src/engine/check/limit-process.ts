import { assert } from "../../base/assert.ts";
import { bindLibc, pointerTo } from "../../base/libc.ts";
import type { CheckArguments } from "./protocol.ts";

const { getrlimit, setrlimit } = bindLibc({
  getrlimit: { arguments: ["int32", "pointer"], return: "int32" },
  setrlimit: { arguments: ["int32", "pointer"], return: "int32" },
});

// setrlimit(2), as numbered on x86_64 and arm64.
const rlimitCpu = 0;
const rlimitFileSize = 1;
const rlimitData = 2;

/** Node reserves 0.6 GiB of addresses at its start that count as data though they are not used. */
const nodeDataBytes = 1024 ** 3;

/**
 * Bounds what this process may use. The daemon watches its time and its resident memory too, and ends it sooner; this
 * holds between two looks of the daemon's, and when the daemon is gone.
 */
export function limitProcess({ cpuSecondsMax, preparedBytesMax, dataBytesMax }: CheckArguments): void {
  limit(rlimitCpu, cpuSecondsMax);
  limit(rlimitFileSize, preparedBytesMax);
  limit(rlimitData, dataBytesMax + nodeDataBytes);
}

function limit(resource: number, max: number): void {
  const present = new BigUint64Array(2);
  assert(getrlimit(resource, pointerTo(present)) === 0, `the limit on resource ${resource} could not be read`);
  const hard = present[1] as bigint;
  const smaller = (value: bigint): bigint => (value < hard ? value : hard);
  // The signal of a limit that is reached comes at the first of the two; at the second it would be SIGKILL, as of many things.
  const value = new BigUint64Array([smaller(BigInt(max)), smaller(BigInt(max + 1))]);
  assert(setrlimit(resource, pointerTo(value)) === 0, `a limit of ${max} could not be set on resource ${resource}`);
}
