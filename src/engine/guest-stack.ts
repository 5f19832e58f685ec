import { bindLibc, pointerTo } from "../base/libc.ts";

const kib = 1024;
/** V8's own, of both (src/flags/flag-definitions.h). */
const defaultKib = 984;

/**
 * How deep the calls of guests that start from now on may go, bytes; 984 KiB otherwise. For a process with one guest: what a stack has grown to is
 * not counted as the guest's memory.
 */
export function setGuestStack(bytes: number): void {
  setStack(bytes / kib);
}

/** As it is by default. */
export function resetGuestStack(): void {
  setStack(defaultKib);
}

// V8 makes a guest's stack of the lesser of the two when the guest starts (src/wasm/stacks.cc). JavaScript's own stack has had its
// limit since the isolate was made.
function setStack(size: number): void {
  setV8Flags(`--stack-size=${size} --wasm-stack-switching-stack-size=${size}`);
}

/** v8::V8::SetFlagsFromString(const char *, size_t), which Node exports for its addons. Loading node:v8 takes 2 ms: it brings all of Node's streams. */
const setFlags = "_ZN2v82V818SetFlagsFromStringEPKcm";

function setV8Flags(text: string): void {
  try {
    const { [setFlags]: call } = bindLibc({
      [setFlags]: { arguments: ["pointer", "uint64"], return: "void" },
    } as const);
    const bytes = Buffer.from(text);
    call(pointerTo(bytes), BigInt(bytes.length));
  } catch {
    // A Node that exports it not.
    process.getBuiltinModule("node:v8").setFlagsFromString(text);
  }
}
