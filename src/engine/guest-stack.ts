import { setFlagsFromString } from "node:v8";

const kib = 1024;

/**
 * How deep the calls of guests that start from now on may go, bytes; 984 KiB otherwise. For a process with one guest: what a stack has grown to is
 * not counted as the guest's memory.
 */
export function setGuestStack(bytes: number): void {
  // V8 makes a guest's stack of the lesser of the two when the guest starts (src/wasm/stacks.cc). JavaScript's own stack has had its
  // limit since the isolate was made.
  setFlagsFromString(`--stack-size=${bytes / kib}`);
  setFlagsFromString(`--wasm-stack-switching-stack-size=${bytes / kib}`);
}
