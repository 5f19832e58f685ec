import { pointerTo } from "../../base/libc.ts";
import { systemCall } from "../../base/system-call.ts";
import type { Architecture } from "./filter.ts";
import { callsFilter, sealingFilter } from "./filter.ts";
import { type SystemCalls, sealed } from "./policy.ts";
import { must } from "./system.ts";

const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_FILTER_FLAG_TSYNC = 1;

/** Lets this process, and the program that it becomes, ask the kernel for what is listed and nothing else. */
export function restrictSystemCalls(calls: SystemCalls): void {
  install(callsFilter(calls, architecture(), process.pid));
}

/** Takes away what only the start needed: the worker's first statement. */
export function sealSystemCalls(): void {
  install(sealingFilter(architecture()));
}

function architecture(): Architecture {
  const { arch } = process;
  if (arch !== "x64" && arch !== "arm64") throw new Error(`system calls are not filtered on ${arch}`);
  return arch;
}

/** On every thread of the process. It is privileged, or it has no_new_privs set. */
function install(program: Buffer): void {
  // struct sock_fprog: the number of instructions and, after padding, their address.
  const described = Buffer.alloc(16);
  described.writeUInt16LE(program.length / 8, 0);
  described.writeBigUInt64LE(pointerTo(program), 8);
  const numbers = sealed.seccomp as readonly [number, number];
  const number = numbers[architecture() === "x64" ? 0 : 1];
  must("seccomp", systemCall(number, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, pointerTo(described)));
}
