import { bindLibc, lastErrno } from "./libc.ts";

const { syscall } = bindLibc({
  syscall: {
    arguments: ["int64", "int64", "int64", "int64", "int64", "int64", "int64"],
    return: "int64",
  },
});

/**
 * A system call that the C library has no function for, by its number, which differs between architectures. The result, or
 * -errno. Arguments that are pointers must stay reachable until it returns.
 */
export function systemCall(number: number, ...args: readonly (number | bigint)[]): number {
  const at = (index: number): bigint => BigInt(args[index] ?? 0);
  const result = syscall(BigInt(number), at(0), at(1), at(2), at(3), at(4), at(5));
  return result === -1n ? -lastErrno() : Number(result);
}
