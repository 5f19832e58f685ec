import type { SocketOption, SocketOptions } from "../../sockets/socket-options.ts";
import { done, err, ok, type WitResult } from "../result.ts";

const second = 1_000_000_000n;
/** tcp(7): MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL and MAX_TCP_KEEPCNT of Linux. */
export const keepAliveSecondsMax = 32_767n;
export const keepAliveCountMax = 127n;
/** Of a buffer's size, which is an int to the host's programs. */
export const bufferBytesMax = 0x7fff_ffffn;

/** Sets a number that must not be 0 and is cut off at a limit; reading it back gives what was kept. */
export function setPositive(
  options: SocketOptions,
  option: SocketOption,
  value: bigint,
  max: bigint,
): WitResult<undefined, string> {
  if (value === 0n) return err("invalid-argument");
  options.set(option, Number(value < max ? value : max));
  return done;
}

/** Seconds are kept, rounded up. */
export function setDuration(
  options: SocketOptions,
  option: SocketOption,
  nanoseconds: bigint,
): WitResult<undefined, string> {
  return setPositive(options, option, (nanoseconds + second - 1n) / second, keepAliveSecondsMax);
}

export function getDuration(options: SocketOptions, option: SocketOption): WitResult<bigint, string> {
  return ok(BigInt(options.get(option)) * second);
}
