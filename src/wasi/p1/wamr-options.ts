import { errno } from "../errno.ts";
import type { Host, HostFunction } from "./host.ts";
import { socketAt } from "./socket-calls.ts";
import { simpleOptions } from "./wamr-option-types.ts";

const nanosecondsPerMicrosecond = 1000n;
/** More is for ever: a guest's clock has 64 bits. */
const timeoutMax = 2n ** 62n;

/** The options of WAMR's dialect: two functions for each. */
export function wamrOptions(host: Host): Record<string, HostFunction> {
  const { memory, table } = host;
  const functions: Record<string, HostFunction> = {};
  const options = (fd: number) => socketAt(table, fd).options;

  const write = (at: number, value: number, bytes: 1 | 4): number => {
    if (bytes === 1) memory.setU8(at, value);
    else memory.setU32(at, value);
    return errno.SUCCESS;
  };

  for (const [name, { option, bytes }] of Object.entries(simpleOptions)) {
    functions[`sock_get_${name}`] = (fd: number, at: number) => write(at, options(fd).get(option), bytes);
    functions[`sock_set_${name}`] = (fd: number, value: number) => {
      options(fd).set(option, value);
      return errno.SUCCESS;
    };
  }

  for (const [name, key] of [
    ["recv", "receiveTimeout"],
    ["send", "sendTimeout"],
  ] as const) {
    functions[`sock_get_${name}_timeout`] = (fd: number, at: number) => {
      memory.setU64(at, (options(fd)[key] ?? 0n) / nanosecondsPerMicrosecond);
      return errno.SUCCESS;
    };
    functions[`sock_set_${name}_timeout`] = (fd: number, micros: bigint) => {
      const nanos = BigInt.asUintN(64, micros) * nanosecondsPerMicrosecond;
      options(fd)[key] = nanos === 0n || nanos > timeoutMax ? undefined : nanos;
      return errno.SUCCESS;
    };
  }

  return {
    ...functions,
    sock_get_linger(fd: number, enabledAt: number, secondsAt: number): number {
      const { linger } = options(fd);
      memory.check(secondsAt, 4);
      write(enabledAt, linger === undefined ? 0 : 1, 1);
      return write(secondsAt, linger ?? 0, 4);
    },
    sock_set_linger(fd: number, enabled: number, seconds: number): number {
      options(fd).linger = enabled === 0 ? undefined : seconds;
      return errno.SUCCESS;
    },
    sock_get_ip_multicast_loop: (fd: number, _ipv6: number, at: number) =>
      write(at, options(fd).get("multicastLoop"), 1),
    sock_set_ip_multicast_loop(fd: number, _ipv6: number, value: number): number {
      options(fd).set("multicastLoop", value);
      return errno.SUCCESS;
    },
    // Multicast never reaches a guest: its network is its own.
    sock_set_ip_add_membership(fd: number): number {
      options(fd);
      return errno.NOTSUP;
    },
    sock_set_ip_drop_membership(fd: number): number {
      options(fd);
      return errno.NOTSUP;
    },
  };
}
